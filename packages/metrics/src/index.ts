export { accuracy } from './accuracy.ts';
export { argmax } from './argmax.ts';
export { brier } from './brier.ts';
export { type CalibrationNorm, calibrationError } from './calibration/calibration-error.ts';
export { type ClasswiseEceOptions, classwiseEce } from './calibration/classwise-ece.ts';
export { type DebiasedEceOptions, debiasedEce } from './calibration/debiased-ece.ts';
export { type EceOptions, ece } from './calibration/ece.ts';
export { fitTemperature } from './calibration/fit-temperature.ts';
export { type BinEdges, type BinOptions, type ReliabilityBin, reliabilityBins } from './calibration/reliability-bins.ts';
export { logProbabilities, softmax } from './calibration/softmax.ts';
export {
  applyTemperatureScaling,
  fitTemperatureScaling,
  type ScalingOrder,
  type TemperatureScaling,
} from './calibration/temperature-scaling.ts';
export { collect } from './collect.ts';
export { type ConformalOptions, type ConformalPredictor, calibrateConformal } from './conformal/calibrate-conformal.ts';
export type { ConformalMethod, ConformalRule } from './conformal/conformal-score.ts';
export { type ConformalSets, type ConformalSummary, conformalSets, summarizeSets } from './conformal/conformal-sets.ts';
export { type CorruptionErrors, type MeanCorruptionError, meanCorruptionError } from './corruption/mean-corruption-error.ts';
export { type CellScore, type ResampledCell, resampledCell, resampledCorruptions } from './corruption/resampled-corruptions.ts';
export {
  type CorruptionCell,
  type CorruptionFigures,
  type CorruptionSummary,
  summarizeCorruptions,
} from './corruption/summarize-corruptions.ts';
export { disagreement } from './diversity/disagreement.ts';
export { pairwise } from './diversity/pairwise.ts';
export { pairwiseDisagreement } from './diversity/pairwise-disagreement.ts';
export { meanPairwiseJs, pairwiseJs } from './diversity/pairwise-js.ts';
export { type KappaOptions, meanPairwiseKappa, pairwiseKappa } from './diversity/pairwise-kappa.ts';
export { meanPairwiseKl, pairwiseKl } from './diversity/pairwise-kl.ts';
export { meanPairwiseQStatistic, pairwiseQStatistic } from './diversity/pairwise-q-statistic.ts';
export { type ResampledDiversity, resampledDiversity } from './diversity/resampled-diversity.ts';
export { type TopologyOverlap, topologyOverlap } from './diversity/topology-overlap.ts';
export { weightCosine } from './diversity/weight-cosine.ts';
export { type Gathered, gatherPredictions } from './gather-predictions.ts';
export { memberPrediction } from './member-prediction.ts';
export type { Metric } from './metric.ts';
export { nll } from './nll.ts';
export { aupr } from './ood/aupr.ts';
export { auroc } from './ood/auroc.ts';
export { type Detection, detection } from './ood/detection.ts';
export { energyScore } from './ood/energy-score.ts';
export { entropyScore } from './ood/entropy-score.ts';
export { fprAtTpr } from './ood/fpr-at-tpr.ts';
export { maxLogitScore } from './ood/max-logit-score.ts';
export { maxProbabilityScore } from './ood/max-probability-score.ts';
export { mutualInformationScore } from './ood/mutual-information-score.ts';
export { type NearestNeighbourOptions, nearestNeighbourScore } from './ood/nearest-neighbour-score.ts';
export { resampledDetection } from './ood/resampled-detection.ts';
export { variationRatioScore } from './ood/variation-ratio-score.ts';
export { predictionOf, takeRows } from './predictions.ts';
export type { Reals } from './reals.ts';
export { aurc } from './selective/aurc.ts';
export { type EAurcOptions, eAurc } from './selective/e-aurc.ts';
export { type RiskCoverage, riskCoverage } from './selective/risk-coverage.ts';
export { type BootstrapOptions, bootstrapInterval, bootstrapIntervals, metricIntervals } from './statistics/bootstrap.ts';
export { bcaInterval, type Interval, percentileInterval } from './statistics/interval.ts';
export { type MeanInterval, meanInterval } from './statistics/mean-interval.ts';
export { normalCdf, normalQuantile } from './statistics/normal.ts';
export { type PairedTTest, pairedTTest } from './statistics/paired-t-test.ts';
export { resampledMeans } from './statistics/resampled-means.ts';
export { type ResampledScore, resampledScores } from './statistics/resampled-scores.ts';
export { type SignTest, signTest } from './statistics/sign-test.ts';
export { studentHalfWidth, studentTwoSided } from './statistics/student-t.ts';
export { type SignedRankTest, wilcoxonSignedRank } from './statistics/wilcoxon-signed-rank.ts';
export { topKAccuracy } from './top-k-accuracy.ts';
export { type TopLabel, topLabel } from './top-label.ts';
export { type UncertaintyDecomposition, uncertaintyDecomposition } from './uncertainty-decomposition.ts';
