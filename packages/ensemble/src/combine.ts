/** From the members' logits to one prediction. Arithmetic is float64; only the results are rounded to float32. */
import { type Prediction, SparseError } from '@freetickets/sparse-core';

export interface CombineOptions {
  /** Mean of the members' softmax (`probabilities`, the default) or softmax of their mean logits (`logits`). */
  readonly combine?: 'probabilities' | 'logits';
  /** One per member, none negative, not all zero; scaled to sum to 1. Default: all equal. */
  readonly weights?: readonly number[];
}

/**
 * @param memberLogits one array (size, classes) per member
 * @returns `probs` of the ensemble; `memberProbs` is each member's softmax, whatever `combine` is
 * @throws SparseError SHAPE_MISMATCH when members differ in length, NON_FINITE when a logit is not a number, INVALID_ARGUMENT for wrong weights
 */
export function combine(memberLogits: readonly Float32Array[], classes: number, options: CombineOptions = {}): Prediction {
  const size = checkLogits(memberLogits, classes);
  const members = memberLogits.length;
  const weights = memberWeights(members, options.weights);
  const mode = checkMode(options.combine ?? 'probabilities');

  const memberProbs = new Float32Array(members * size * classes);
  const mean = new Float64Array(size * classes);
  const row = new Float64Array(classes);
  memberLogits.forEach((logits, m) => {
    for (let n = 0; n < size; n++) {
      softmax(logits, n * classes, row);
      memberProbs.set(row, (m * size + n) * classes);
      for (let c = 0; c < classes; c++) mean[n * classes + c]! += weights[m]! * (mode === 'logits' ? logits[n * classes + c]! : row[c]!);
    }
  });
  if (mode === 'logits') for (let n = 0; n < size; n++) softmax(mean, n * classes, mean.subarray(n * classes, (n + 1) * classes));
  return { size, classes, members, probs: Float32Array.from(mean), memberProbs };
}

/** Softmax of the `out.length` values from `offset`, with the largest subtracted first so that no exponential overflows. `out` may be its input. */
function softmax(logits: Float32Array | Float64Array, offset: number, out: Float64Array): void {
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < out.length; c++) largest = Math.max(largest, logits[offset + c]!);
  let sum = 0;
  for (let c = 0; c < out.length; c++) sum += out[c] = Math.exp(logits[offset + c]! - largest);
  for (let c = 0; c < out.length; c++) out[c]! /= sum;
}

/** Returns how many samples there are. */
function checkLogits(memberLogits: readonly Float32Array[], classes: number): number {
  if (!Number.isInteger(classes) || classes < 1)
    throw new SparseError('INVALID_ARGUMENT', 'classes', 'a whole number of at least 1', classes);
  const first = memberLogits[0];
  if (!first) throw new SparseError('INVALID_ARGUMENT', 'memberLogits', 'at least one member', memberLogits.length);
  if (first.length % classes !== 0)
    throw new SparseError('SHAPE_MISMATCH', 'memberLogits[0]', `a multiple of ${classes} classes in numbers`, first.length);
  memberLogits.forEach((logits, m) => {
    if (logits.length !== first.length)
      throw new SparseError('SHAPE_MISMATCH', `memberLogits[${m}]`, `${first.length} numbers, as of member 0`, logits.length);
    const wrong = logits.findIndex((logit) => !Number.isFinite(logit));
    if (wrong >= 0) throw new SparseError('NON_FINITE', `memberLogits[${m}][${wrong}]`, 'a finite logit', logits[wrong]);
  });
  return first.length / classes;
}

/** The weights scaled to sum to 1. Exported so that `openEnsemble` refuses wrong ones before it opens anything. */
export function memberWeights(members: number, weights: readonly number[] = Array(members).fill(1)): readonly number[] {
  if (weights.length !== members)
    throw new SparseError('INVALID_ARGUMENT', 'weights', `one weight for each of ${members} members`, weights);
  const wrong = weights.findIndex((weight) => !Number.isFinite(weight) || weight < 0);
  if (wrong >= 0) throw new SparseError('INVALID_ARGUMENT', `weights[${wrong}]`, 'a finite number of at least 0', weights[wrong]);
  const sum = weights.reduce((a, b) => a + b, 0);
  if (sum === 0) throw new SparseError('INVALID_ARGUMENT', 'weights', 'at least one weight above 0', weights);
  return weights.map((weight) => weight / sum);
}

export function checkMode(mode: NonNullable<CombineOptions['combine']>): NonNullable<CombineOptions['combine']> {
  if (mode !== 'probabilities' && mode !== 'logits')
    throw new SparseError('INVALID_ARGUMENT', 'combine', '"probabilities" or "logits"', mode);
  return mode;
}
