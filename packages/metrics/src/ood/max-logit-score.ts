import { argmax } from '../argmax.ts';
import { type Reals, rowsOf } from '../reals.ts';

/**
 * Minus the largest logit of each sample; larger means less like the training data.
 * @param logits (samples, classes)
 * @source Hendrycks et al., arXiv:1911.11132
 */
export function maxLogitScore(logits: Reals, classes: number): Float64Array {
  const size = rowsOf('logits', logits, classes);
  return Float64Array.from({ length: size }, (_, n) => -logits[n * classes + argmax(logits, n * classes, classes)]!);
}
