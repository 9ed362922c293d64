import { PROBABILITY_FLOOR } from '../nll.ts';
import { type Reals, rowsOf } from '../reals.ts';

/**
 * Softmax of logits divided by a temperature, in float64.
 * @param logits (samples, classes)
 * @returns (samples, classes)
 */
export function softmax(logits: Reals, classes: number, temperature = 1): Float64Array {
  const size = rowsOf('logits', logits, classes);
  const probs = new Float64Array(logits.length);
  for (let n = 0; n < size; n++) softmaxRow(logits, n * classes, 1 / temperature, probs.subarray(n * classes, (n + 1) * classes));
  return probs;
}

/** Softmax of `scale` times one row; the largest logit goes off first, so that no exponential overflows. */
export function softmaxRow(logits: Reals, offset: number, scale: number, out: Float64Array): void {
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < out.length; c++) largest = Math.max(largest, logits[offset + c]! * scale);
  let sum = 0;
  for (let c = 0; c < out.length; c++) sum += out[c] = Math.exp(logits[offset + c]! * scale - largest);
  for (let c = 0; c < out.length; c++) out[c]! /= sum;
}

/** ln p, which are logits of the probabilities p; p below 1e-12 counts as 1e-12, as in `nll`. */
export const logProbabilities = (probs: Reals): Float64Array => Float64Array.from(probs, (p) => Math.log(Math.max(p, PROBABILITY_FLOOR)));
