/** Predictions made from other ones: a choice of rows, and probabilities that came out of a measure such as temperature scaling. */
import type { Prediction } from '@freetickets/sparse-core';
import { type Reals, rowsOf } from './reals.ts';

/**
 * Probabilities as the prediction of an ensemble of one, so that any metric can score them; rounded to float32.
 * @param probs (samples, classes)
 */
export function predictionOf(probs: Reals, classes: number): Prediction {
  const size = rowsOf('probs', probs, classes);
  const own = Float32Array.from(probs);
  return { size, classes, members: 1, probs: own, memberProbs: own };
}

/** The samples `rows` of a prediction, in that order; a row may stand there more than once. */
export function takeRows({ size, classes, members, probs, memberProbs }: Prediction, rows: Uint32Array): Prediction {
  const ownProbs = new Float32Array(rows.length * classes);
  const ownMembers = new Float32Array(members * rows.length * classes);
  copyRows(probs, classes, rows, ownProbs);
  for (let m = 0; m < members; m++) {
    const from = memberProbs.subarray(m * size * classes, (m + 1) * size * classes);
    copyRows(from, classes, rows, ownMembers.subarray(m * rows.length * classes, (m + 1) * rows.length * classes));
  }
  return { size: rows.length, classes, members, probs: ownProbs, memberProbs: ownMembers };
}

function copyRows(from: Float32Array, width: number, rows: Uint32Array, to: Float32Array): void {
  for (let k = 0; k < rows.length; k++) for (let c = 0; c < width; c++) to[k * width + c] = from[rows[k]! * width + c]!;
}
