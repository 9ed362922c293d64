export { describeOnnx, type OnnxDescription, type OnnxTensor } from './describe-onnx.ts';
export { fromOnnx } from './from-onnx.ts';
export type { Precision } from './graph.ts';
export type { Layout, TicketMetadata } from './metadata.ts';
export type { Normalization } from './normalize.ts';
export type { OnnxOptions } from './options.ts';
export type { Operator } from './references.ts';
export { separateOnnx } from './separate-onnx.ts';
export { toOnnx } from './to-onnx.ts';
