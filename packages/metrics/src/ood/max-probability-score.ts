import { argmax } from '../argmax.ts';
import { type Reals, rowsOf } from '../reals.ts';

/**
 * 1 - the largest probability of each sample. As all OOD scores: larger means less like the training data.
 * @param probs (samples, classes)
 * @source Hendrycks and Gimpel, arXiv:1610.02136
 */
export function maxProbabilityScore(probs: Reals, classes: number): Float64Array {
  const size = rowsOf('probs', probs, classes);
  return Float64Array.from({ length: size }, (_, n) => 1 - probs[n * classes + argmax(probs, n * classes, classes)]!);
}
