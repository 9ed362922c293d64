import { SparseError } from '@freetickets/sparse-core';
import { checkFinite, checkShare } from '../reals.ts';
import { studentHalfWidth } from './student-t.ts';

export interface MeanInterval {
  readonly mean: number;
  /** Sample standard deviation (divided by n - 1); NaN for a single value. */
  readonly deviation: number;
  /** Student's t interval of the mean; NaN for a single value. */
  readonly low: number;
  readonly high: number;
  readonly level: number;
  readonly count: number;
}

/**
 * What several runs, one per seed, say about a figure: mean, spread, and an interval of the mean under normal errors.
 * @throws SparseError SHAPE_MISMATCH without a value, NON_FINITE, INVALID_ARGUMENT for a level outside (0, 1)
 */
export function meanInterval(values: readonly number[], { level = 0.95 }: { readonly level?: number } = {}): MeanInterval {
  if (values.length === 0) throw new SparseError('SHAPE_MISMATCH', 'values', 'at least one value', 0);
  checkFinite('values', values);
  checkShare('level', level);
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count === 1) return { mean, deviation: Number.NaN, low: Number.NaN, high: Number.NaN, level, count };
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1));
  const half = (studentHalfWidth(level, count - 1) * deviation) / Math.sqrt(count);
  return { mean, deviation, low: mean - half, high: mean + half, level, count };
}
