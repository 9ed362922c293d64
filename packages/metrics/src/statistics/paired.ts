import { SparseError } from '@freetickets/sparse-core';
import { checkFinite } from '../reals.ts';

/** a - b for results of two methods on the same seeds, in the same order. */
export function differences(a: readonly number[], b: readonly number[], least: number): number[] {
  if (a.length !== b.length)
    throw new SparseError('SHAPE_MISMATCH', 'b', `${a.length} results, one for each of a`, b.length, 'Pair the results by seed');
  if (a.length < least) throw new SparseError('SHAPE_MISMATCH', 'a', `at least ${least} pairs`, a.length);
  checkFinite('a', a);
  checkFinite('b', b);
  return a.map((value, i) => value - b[i]!);
}
