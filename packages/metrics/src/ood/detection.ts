import type { Reals } from '../reals.ts';
import { aupr } from './aupr.ts';
import { auroc } from './auroc.ts';
import { fprAtTpr } from './fpr-at-tpr.ts';

export interface Detection {
  /** The same whichever side counts as positive. */
  readonly auroc: number;
  /** OOD samples are the positives. */
  readonly auprOut: number;
  /** In-distribution samples are the positives, found by low scores. */
  readonly auprIn: number;
  /** Share of in-distribution samples taken for OOD when 95 % of the OOD samples are found. */
  readonly fpr95Out: number;
  /** Share of OOD samples taken for in-distribution when 95 % of the in-distribution samples are let through. */
  readonly fpr95In: number;
}

/**
 * How well a score tells OOD samples (larger scores) from in-distribution ones. Papers differ in which side they call positive, so both
 * readings of the measures that depend on it are here.
 * @throws SparseError SHAPE_MISMATCH when either side is empty, NON_FINITE
 */
export function detection(inScores: Reals, outScores: Reals): Detection {
  const inNegated = inScores.map((score) => -score);
  const outNegated = outScores.map((score) => -score);
  return {
    auroc: auroc(inScores, outScores),
    auprOut: aupr(inScores, outScores),
    auprIn: aupr(outNegated, inNegated),
    fpr95Out: fprAtTpr(inScores, outScores),
    fpr95In: fprAtTpr(outNegated, inNegated),
  };
}
