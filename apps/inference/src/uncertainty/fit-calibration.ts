// From what an ensemble says about validation data to what its server has to know.

import {
  type ConformalMethod,
  calibrateConformal,
  entropyScore,
  fitTemperatureScaling,
  logProbabilities,
  type ScalingOrder,
} from '@freetickets/metrics';
import { SparseError } from '@freetickets/sparse-core';
import type { ConformalTable, OodScore, OodThreshold, ServingCalibration } from './calibration.ts';
import { referenceOf } from './drift.ts';
import { confidenceOf, type MemberProbabilities, meanOf } from './member-probabilities.ts';
import { oodScores } from './ood-scores.ts';
import { fitStopping } from './stopping-rule.ts';

export interface CalibrationOptions {
  /** Default `pool-first`: the mean of the members is what people use, so it is what gets a temperature. */
  readonly order?: ScalingOrder;
  /** Default `entropy`. */
  readonly oodScore?: OodScore;
  /** Share of the validation data that the OOD threshold refuses. Default 0.05. */
  readonly falsePositiveRate?: number;
  /** The part of the accuracy that asking fewer members may cost. Default 0.001. */
  readonly allowedLoss?: number;
}

const ALPHAS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3];
const RAPS = { penalty: 0.1, freeRanks: 1 };

/**
 * @param probabilities of validation data, which were not trained on
 * @param labels one for each sample
 * @throws SparseError SHAPE_MISMATCH or INVALID_ARGUMENT when labels or options do not fit
 */
export function fitCalibration(
  probabilities: MemberProbabilities,
  labels: Int32Array,
  { order = 'pool-first', oodScore = 'entropy', falsePositiveRate = 0.05, allowedLoss = 0.001 }: CalibrationOptions = {},
): ServingCalibration {
  const { size, members, classes, values } = probabilities;
  if (labels.length !== size || size === 0)
    throw new SparseError('SHAPE_MISMATCH', 'labels', `one for each of ${size} samples`, labels.length);
  const mean = meanOf(probabilities);
  const logs = Array.from({ length: members }, (_, m) => logProbabilities(values.subarray(m * size * classes, (m + 1) * size * classes)));
  const scores = oodScores(oodScore, probabilities, mean);
  return {
    version: 1,
    samples: size,
    temperature: fitTemperatureScaling(logs, labels, order),
    conformal: conformalTable(mean, labels),
    ood: oodThreshold(oodScore, scores, falsePositiveRate),
    stopping: members === 1 ? null : fitStopping(values, labels, members, allowedLoss),
    reference: {
      entropy: referenceOf(entropyScore(mean, classes)),
      confidence: referenceOf(confidenceOf(mean, classes)),
      ood_score: referenceOf(scores),
    },
  };
}

function conformalTable(mean: Float32Array, labels: Int32Array): ConformalTable {
  const thresholds = (method: ConformalMethod) =>
    ALPHAS.map((alpha) => {
      const { threshold } = calibrateConformal(mean, labels, { ...RAPS, method, alpha, randomized: false });
      return Number.isFinite(threshold) ? threshold : null;
    });
  return { alphas: ALPHAS, thresholds: { thr: thresholds('thr'), aps: thresholds('aps'), raps: thresholds('raps') }, ...RAPS };
}

/** The smallest score that at most the given share of the samples lies above. */
function oodThreshold(score: OodScore, scores: Float64Array, falsePositiveRate: number): OodThreshold {
  if (!(falsePositiveRate > 0 && falsePositiveRate < 1))
    throw new SparseError('INVALID_ARGUMENT', 'falsePositiveRate', 'a number between 0 and 1, both excluded', falsePositiveRate);
  const above = Math.floor(falsePositiveRate * scores.length);
  return { score, falsePositiveRate, threshold: scores.toSorted()[scores.length - 1 - above]! };
}
