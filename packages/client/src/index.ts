export { type CallOptions, type Client, type ConnectOptions, connect } from './connect.ts';
export type { InferRequest, Parameters } from './infer-request.ts';
export type { InferResponse } from './infer-response.ts';
export { ServerError } from './server-error.ts';
export type { DriftMeasure, DriftReport, ModelIndexEntry, ModelMetadata, ServerMetadata, TensorMetadata } from './server-objects.ts';
export type { Datatype, InputTensor, Tensor, TensorData } from './tensor.ts';
