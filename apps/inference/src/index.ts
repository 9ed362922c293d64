export { createApp, type ServerConfig } from './app.ts';
export { type ChosenEngine, type EngineName, type EngineOptions, engineNames } from './engines/engine.ts';
export { onnxruntimeEngine } from './engines/onnxruntime-engine.ts';
export { type ModelOptions, type OnnxModel, openModel } from './model.ts';
export { type RunningServer, type ServeConfig, serve } from './serve.ts';
export type { Datatype, Signature, Tensor, TensorData, TensorInfo } from './tensor.ts';
