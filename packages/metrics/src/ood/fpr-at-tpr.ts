import { SparseError } from '@freetickets/sparse-core';
import type { Reals } from '../reals.ts';
import { detectionCounts } from './detection-counts.ts';

/**
 * Share of negatives at or above the highest threshold that finds at least the share `tpr` of positives.
 * @param negatives scores of in-distribution samples
 * @param positives scores of OOD samples
 * @throws SparseError INVALID_ARGUMENT for a rate outside (0, 1], SHAPE_MISMATCH when either side is empty, NON_FINITE
 */
export function fprAtTpr(negatives: Reals, positives: Reals, tpr = 0.95): number {
  if (!(tpr > 0 && tpr <= 1)) throw new SparseError('INVALID_ARGUMENT', 'fprAtTpr.tpr', 'a rate above 0 and up to 1', tpr);
  const counts = detectionCounts(negatives, positives);
  const threshold = counts.truePositives.findIndex((hits) => hits / counts.positives >= tpr);
  return counts.falsePositives[threshold]! / counts.negatives;
}
