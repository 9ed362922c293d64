import type { Reals } from '../reals.ts';
import { detectionCounts } from './detection-counts.ts';

/**
 * Area under the ROC curve: the probability that a positive scores above a negative, an equal score counting half. 0.5 for scores that say
 * nothing, constant ones among them.
 * @param negatives scores of in-distribution samples
 * @param positives scores of OOD samples
 * @throws SparseError SHAPE_MISMATCH when either is empty, NON_FINITE
 */
export function auroc(negatives: Reals, positives: Reals): number {
  const counts = detectionCounts(negatives, positives);
  let area = 0;
  let above = 0;
  let falseBefore = 0;
  counts.truePositives.forEach((hits, t) => {
    const alarms = counts.falsePositives[t]!;
    area += ((alarms - falseBefore) * (hits + above)) / 2; // trapezium
    above = hits;
    falseBefore = alarms;
  });
  return area / (counts.positives * counts.negatives);
}
