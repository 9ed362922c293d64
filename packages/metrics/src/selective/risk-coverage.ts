/**
 * Selective prediction: answer only the samples that one is surest of. The curve shows the error rate among the answered (risk) against how
 * many are answered (coverage).
 */
import { SparseError } from '@freetickets/sparse-core';
import { checkFinite } from '../reals.ts';
import type { TopLabel } from '../top-label.ts';

export interface RiskCoverage {
  /** (samples): k / samples for k = 1 .. samples. */
  readonly coverage: Float64Array;
  /** (samples): error rate among the k most confident. */
  readonly risk: Float64Array;
}

/**
 * Samples are taken by falling confidence. Among equal confidences no order is better than another: each counts as their mean error, which is
 * the expectation over a random order, so the curve does not depend on how the samples are arranged.
 * @throws SparseError SHAPE_MISMATCH when there are no samples or the arrays differ in length, NON_FINITE
 * @source Geifman and El-Yaniv, arXiv:1705.08500
 */
export function riskCoverage({ confidence, correct }: TopLabel): RiskCoverage {
  const size = confidence.length;
  if (size === 0 || correct.length !== size)
    throw new SparseError('SHAPE_MISMATCH', 'correct', `one entry for each of at least one confidence (${size})`, correct.length);
  checkFinite('confidence', confidence);
  const order = Uint32Array.from(confidence, (_, n) => n).sort((a, b) => confidence[b]! - confidence[a]!);
  const coverage = new Float64Array(size);
  const risk = new Float64Array(size);
  let errorsBefore = 0;
  for (let start = 0; start < size; ) {
    let end = start;
    let errors = 0;
    while (end < size && confidence[order[end]!] === confidence[order[start]!]) errors += 1 - correct[order[end++]!]!;
    for (let k = start; k < end; k++) {
      coverage[k] = (k + 1) / size;
      risk[k] = (errorsBefore + (errors * (k + 1 - start)) / (end - start)) / (k + 1);
    }
    errorsBefore += errors;
    start = end;
  }
  return { coverage, risk };
}
