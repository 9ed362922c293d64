export { describeOnnx, type OnnxDescription, type OnnxTensor } from './describe-onnx.ts';
export type { TicketMetadata } from './metadata.ts';
export type { Normalization } from './normalize.ts';
export type { OnnxOptions } from './options.ts';
export { separateOnnx } from './separate-onnx.ts';
export { toOnnx } from './to-onnx.ts';
