import { SparseError } from '@freetickets/sparse-core';
import type { DropRule } from './rule.ts';

/**
 * All live weights of at most this absolute value go, however many they are; an escape takes its share of the smallest instead.
 * @param value above 0
 * @throws SparseError INVALID_ARGUMENT when it is not
 */
export function threshold(value: number): DropRule {
  if (!(value > 0 && value < Number.POSITIVE_INFINITY))
    throw new SparseError('INVALID_ARGUMENT', 'threshold', 'a finite number above 0', value);
  const most = Math.fround(value); // weights are compared in their own precision
  return {
    kind: 'threshold',
    needs: [],
    score: ({ values }) => values,
    byMagnitude: true,
    count: ({ values }) => values.reduce((sum, weight) => sum + Number(Math.abs(weight) <= most), 0),
  };
}
