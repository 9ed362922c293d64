export type { RunningService, ServiceOptions } from './create-service.ts';
export { type ModelOptions, type OnnxModel, openModel } from './model.ts';
export { type RunningServer, type ServeOptions, serve } from './serve.ts';
export type { Datatype, Signature, Tensor, TensorData, TensorInfo } from './tensor.ts';
export type { ConfigTensor, ModelConfig } from './repository/model-config.ts';
export { readPbtxt, writePbtxt } from './repository/pbtxt.ts';
export { OOD_SCORES, type OodScore, parseCalibration, type ServingCalibration } from './uncertainty/calibration.ts';
export { type CalibrationOptions, fitCalibration } from './uncertainty/fit-calibration.ts';
export type { MemberProbabilities } from './uncertainty/member-probabilities.ts';
