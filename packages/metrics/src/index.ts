export { accuracy } from './accuracy.ts';
export { brier } from './brier.ts';
export { collect } from './collect.ts';
export { disagreement } from './disagreement.ts';
export { type EceOptions, ece } from './ece.ts';
export { memberPrediction } from './member-prediction.ts';
export type { Metric } from './metric.ts';
export { nll } from './nll.ts';
export { meanPairwiseKl, pairwiseKl } from './pairwise-kl.ts';
