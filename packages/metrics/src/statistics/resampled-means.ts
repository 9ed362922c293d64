import { SparseError } from '@freetickets/sparse-core';
import { meanAt } from './sample-values.ts';

/**
 * Means of resamples, for `bootstrapIntervals`.
 * @param values what each sample gives, by name; all of one length
 * @returns the means over the samples `rows`, which may repeat
 * @throws SparseError SHAPE_MISMATCH when the lengths differ
 */
export function resampledMeans<Name extends string>(
  values: Readonly<Record<Name, ArrayLike<number>>>,
): (rows: Uint32Array) => Record<Name, number> {
  const named = Object.entries(values) as [Name, ArrayLike<number>][];
  const size = named[0]?.[1].length ?? 0;
  for (const [name, own] of named)
    if (own.length !== size) throw new SparseError('SHAPE_MISMATCH', name, `a number for each of ${size} samples`, own.length);
  return (rows) => Object.fromEntries(named.map(([name, own]) => [name, meanAt(own, rows)])) as Record<Name, number>;
}
