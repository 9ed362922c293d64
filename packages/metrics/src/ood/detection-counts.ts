import { SparseError } from '@freetickets/sparse-core';
import { checkFinite, type Reals } from '../reals.ts';

/** How many of either kind score at or above each distinct score, from the highest score down. */
export interface DetectionCounts {
  readonly truePositives: Uint32Array;
  readonly falsePositives: Uint32Array;
  readonly positives: number;
  readonly negatives: number;
}

/** Samples of equal score are told apart by no threshold, so they count together. */
export function detectionCounts(negatives: Reals, positives: Reals): DetectionCounts {
  checkSide('negatives', negatives);
  checkSide('positives', positives);
  const out = positives.toSorted().reverse();
  const inside = negatives.toSorted().reverse();
  const truePositives: number[] = [];
  const falsePositives: number[] = [];
  for (let p = 0, q = 0; p < out.length || q < inside.length; ) {
    const score = Math.max(out[p] ?? Number.NEGATIVE_INFINITY, inside[q] ?? Number.NEGATIVE_INFINITY);
    while (out[p] === score) p++;
    while (inside[q] === score) q++;
    truePositives.push(p);
    falsePositives.push(q);
  }
  return {
    truePositives: Uint32Array.from(truePositives),
    falsePositives: Uint32Array.from(falsePositives),
    positives: out.length,
    negatives: inside.length,
  };
}

function checkSide(at: string, scores: Reals): void {
  if (scores.length === 0) throw new SparseError('SHAPE_MISMATCH', at, 'at least one score', 0);
  checkFinite(at, scores);
}
