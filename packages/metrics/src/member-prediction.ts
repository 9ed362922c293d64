import { type Prediction, SparseError } from '@freetickets/sparse-core';

/**
 * What member `m` alone says, as the prediction of an ensemble of one, so that any metric can score it. Shares the memory of `prediction`.
 * @throws SparseError INVALID_ARGUMENT when there is no such member
 */
export function memberPrediction({ size, classes, members, memberProbs }: Prediction, m: number): Prediction {
  if (!Number.isInteger(m) || m < 0 || m >= members)
    throw new SparseError('INVALID_ARGUMENT', 'member', `a whole number from 0 to ${members - 1}`, m);
  const probs = memberProbs.subarray(m * size * classes, (m + 1) * size * classes);
  return { size, classes, members: 1, probs, memberProbs: probs };
}
