import { SparseError } from '@freetickets/sparse-core';
import { argmax } from '../argmax.ts';
import { type Reals, rowsOf } from '../reals.ts';

/**
 * Free energy of each sample, -T ln(sum over classes of exp(logit / T)); larger means less like the training data.
 * @param logits (samples, classes)
 * @throws SparseError INVALID_ARGUMENT for a temperature that is not positive
 * @source Liu et al., arXiv:2010.03759
 */
export function energyScore(logits: Reals, classes: number, temperature = 1): Float64Array {
  if (!(temperature > 0 && Number.isFinite(temperature)))
    throw new SparseError('INVALID_ARGUMENT', 'energyScore.temperature', 'a positive number', temperature);
  const size = rowsOf('logits', logits, classes);
  return Float64Array.from({ length: size }, (_, n) => {
    const largest = logits[n * classes + argmax(logits, n * classes, classes)]!;
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp((logits[n * classes + c]! - largest) / temperature);
    return -largest - temperature * Math.log(sum);
  });
}
