import type { Reals } from '../reals.ts';
import { detectionCounts } from './detection-counts.ts';

/**
 * Area under the precision-recall curve as average precision: the sum over thresholds of (step in recall) * precision, without interpolation,
 * which would flatter. A detector that says nothing gets the share of positives.
 * @param negatives scores of in-distribution samples
 * @param positives scores of OOD samples
 * @throws SparseError SHAPE_MISMATCH when either is empty, NON_FINITE
 */
export function aupr(negatives: Reals, positives: Reals): number {
  const counts = detectionCounts(negatives, positives);
  let sum = 0;
  let before = 0;
  counts.truePositives.forEach((hits, t) => {
    sum += ((hits - before) * hits) / (hits + counts.falsePositives[t]!);
    before = hits;
  });
  return sum / counts.positives;
}
