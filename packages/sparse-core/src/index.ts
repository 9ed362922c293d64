export { bytesText } from './bytes-text.ts';
export {
  checkGradient,
  checkInputGradient,
  checkOpen,
  checkOptions,
  checkPrediction,
  checkSignal,
  checkStep,
  checkTrained,
  dropoutDraw,
  type Stepped,
  traceDeltas,
} from './check-session.ts';
export { checkState } from './check-state.ts';
export { type CorruptionName, corruptionNames, extraCorruptions, mainCorruptions } from './corruption-names.ts';
export { type Densities, type Distribution, type ErkOptions, er, erk, erkDensities, type UniformOptions, uniform } from './distribution.ts';
export { type ErkPlusOptions, erkPlus } from './distribution-plus.ts';
export {
  distributionFromScores,
  graspScores,
  magnitudeScores,
  snipScores,
  topologyFromScores,
  type WeightScores,
} from './distribution-scores.ts';
export { dropoutKey, dropoutNumber, dropoutThreshold } from './dropout-number.ts';
export {
  type AdamWSpec,
  type Batch,
  type Engine,
  type LossSpec,
  type MixedLabels,
  momentumOf,
  type OpenOptions,
  type OptimizerSpec,
  type PassOptions,
  type Prediction,
  type PredictOptions,
  type Session,
  type SgdSpec,
  type ShardedSteps,
  type ShardResult,
  type Signal,
  type Source,
  type StepOptions,
  type StepResult,
  type Treatment,
  treatmentOf,
} from './engine.ts';
export { type ErrorCode, nearest, SparseError, show } from './errors.ts';
export {
  forwardFlops,
  forwardMultiplyAdds,
  type LiveCounts,
  layerMultiplyAdds,
  liveCounts,
  micronetFlops,
  modelBits,
  modelMegabytes,
  type ParameterCount,
  parameterCount,
  type TrainingMethod,
  trainingFlops,
} from './flops.ts';
export { decodeHalf, encodeHalf } from './half-floats.ts';
export { isRecord } from './is-record.ts';
export { metadataJson, metadataNetwork } from './metadata-json.ts';
export { type AlexNetOptions, alexNet } from './models/alexnet.ts';
export { lenet5 } from './models/lenet5.ts';
export { listModels, type ModelEntry, modelByName } from './models/model-by-name.ts';
export { lenet300, mlpCifar10 } from './models/multilayer.ts';
export type { ModelOptions } from './models/options.ts';
export { type CifarResNetOptions, cifarResNet, type ResNetOptions, resnet, resnet20, resnet50 } from './models/resnet.ts';
export { type VggOptions, vgg } from './models/vgg.ts';
export { type WideResNetOptions, wideResNet } from './models/wide-resnet.ts';
export { type Network, network, type ParamInfo, type ParamKind } from './network.ts';
export { batchEnsemble, splitMembers } from './one-pass/batch-ensemble.ts';
export { mimo, withOneInput } from './one-pass/mimo.ts';
export { splitHeads } from './one-pass/split-heads.ts';
export { type TreeNetOptions, treeNet } from './one-pass/tree-net.ts';
export { withDropout } from './one-pass/with-dropout.ts';
export { packState, unpackState } from './packed-state.ts';
export { parseJson } from './parse-json.ts';
export { pruneByMagnitude } from './prune-by-magnitude.ts';
export { encodePyTorch } from './pytorch-export.ts';
export { decodePyTorch, fromPyTorch, matchNames, type PyTorchOptions, type Renames } from './pytorch-import.ts';
export { type Rng, rng, type Stream } from './rng.ts';
export { type Dtype, decodeSafetensors, encodeSafetensors, type Safetensors, type Tensor } from './safetensors.ts';
export { type Schedule, valueAt } from './schedule.ts';
export { BLANK_SEAL, requireSeal } from './seal.ts';
export type { NetworkSpec, NodeId, NodeSpec, OpName, OpSpec, ParamName } from './spec.ts';
export { initialState, type ModelState, withoutMoments } from './state.ts';
export { decodeTicket, encodeTicket, type Ticket } from './ticket-file.ts';
export type { TicketInfo } from './ticket-info.ts';
export {
  applyDelta,
  coinTopology,
  type LayerTopology,
  randomTopology,
  type Topology,
  type TopologyDelta,
  type TracedDelta,
} from './topology.ts';
