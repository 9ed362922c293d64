// What the members of an ensemble said about a batch, in the order that the measures of @freetickets/metrics take. Model files answer
// (batch, members, classes); between the two stands one copy.

import { argmax } from '@freetickets/metrics';
import { SparseError } from '@freetickets/sparse-core';

export interface MemberProbabilities {
  readonly size: number;
  readonly members: number;
  readonly classes: number;
  /** (members, size, classes) */
  readonly values: Float32Array;
}

/** @param shape (batch, members, classes), of `data` as the model gave it. @throws SparseError SHAPE_MISMATCH */
export function fromModel(data: Float32Array, shape: readonly number[]): MemberProbabilities {
  const [size, members, classes] = shape;
  if (
    size === undefined ||
    members === undefined ||
    classes === undefined ||
    shape.length !== 3 ||
    data.length !== size * members * classes
  )
    throw new SparseError('SHAPE_MISMATCH', 'member_probabilities', 'a tensor (batch, members, classes)', shape);
  return { size, members, classes, values: swapped(data, size, members, classes) };
}

/** (batch, members, classes), as models answer. */
export const toModel = ({ values, members, size, classes }: MemberProbabilities): Float32Array => swapped(values, members, size, classes);

/** The rows `rows` and the first `members` members. */
export function take(from: MemberProbabilities, rows: ArrayLike<number>, members: number): MemberProbabilities {
  const { size, classes } = from;
  const values = new Float32Array(members * rows.length * classes);
  for (let m = 0; m < members; m++)
    for (let k = 0; k < rows.length; k++) {
      const start = (m * size + rows[k]!) * classes;
      values.set(from.values.subarray(start, start + classes), (m * rows.length + k) * classes);
    }
  return { size: rows.length, members, classes, values };
}

/** The mean over members, (size, classes). */
export function meanOf({ values, members, size, classes }: MemberProbabilities): Float32Array {
  return Float32Array.from({ length: size * classes }, (_, k) => {
    let sum = 0;
    for (let m = 0; m < members; m++) sum += values[m * size * classes + k]!;
    return sum / members;
  });
}

/** The largest probability of each row of (size, classes). */
export const confidenceOf = (mean: Float32Array, classes: number): Float64Array =>
  Float64Array.from({ length: mean.length / classes }, (_, n) => mean[n * classes + argmax(mean, n * classes, classes)]!);

/** (outer, inner, width) to (inner, outer, width). */
function swapped(data: Float32Array, outer: number, inner: number, width: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      const start = (o * inner + i) * width;
      result.set(data.subarray(start, start + width), (i * outer + o) * width);
    }
  return result;
}
