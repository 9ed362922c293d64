import { meanInterval } from './mean-interval.ts';
import { differences } from './paired.ts';
import { studentTwoSided } from './student-t.ts';

export interface PairedTTest {
  /** Of a - b. */
  readonly meanDifference: number;
  readonly low: number;
  readonly high: number;
  readonly statistic: number;
  readonly degreesOfFreedom: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * Paired t test of equal means over seeds, with the interval of the mean difference. When all differences are equal there is no spread to
 * measure them by: the statistic is infinite and p 0, or, where they are all 0, the statistic 0 and p 1.
 * @throws SparseError SHAPE_MISMATCH for fewer than two pairs or arrays of different lengths, NON_FINITE
 */
export function pairedTTest(a: readonly number[], b: readonly number[], options: { readonly level?: number } = {}): PairedTTest {
  const { mean, deviation, low, high, count } = meanInterval(differences(a, b, 2), options);
  const statistic = mean === 0 ? 0 : (mean * Math.sqrt(count)) / deviation;
  return { meanDifference: mean, low, high, statistic, degreesOfFreedom: count - 1, p: studentTwoSided(statistic, count - 1) };
}
