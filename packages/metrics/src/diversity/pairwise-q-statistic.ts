import type { Metric } from '../metric.ts';
import { type Agreement, agreementMetric } from './agreement.ts';
import { meanOverPairs } from './member-pairs.ts';

/**
 * Yule's Q statistic of members, in [-1, 1]: (N11 N00 - N10 N01) / (N11 N00 + N10 N01), where N10 counts samples that the first gets right
 * and the second wrong. 1: right and wrong on the same samples; 0: independent; below 0: wrong on different ones. NaN where both products
 * are 0, as when a member is never wrong. Table (members, members), row-major; the diagonal compares a member with itself.
 * @source Kuncheva and Whitaker, "Measures of diversity in classifier ensembles", Machine Learning 51, 2003
 */
export const pairwiseQStatistic = (): Metric<Float64Array> => agreementMetric('pairwiseQStatistic', 'correct', yule, (table) => table);

/** The mean of `pairwiseQStatistic` over pairs of different members; NaN for a single member, and if any pair has no value. */
export const meanPairwiseQStatistic = (): Metric => agreementMetric('meanPairwiseQStatistic', 'correct', yule, meanOverPairs);

export function yule({ same, chosen, members, samples }: Agreement, i: number, j: number): number {
  const rightFirst = chosen[i * 2 + 1]!;
  const rightSecond = chosen[j * 2 + 1]!;
  const both = (same[i * members + j]! + rightFirst + rightSecond - samples) / 2; // same = both + neither
  const neither = same[i * members + j]! - both;
  const alike = both * neither;
  const apart = (rightFirst - both) * (rightSecond - both);
  return (alike - apart) / (alike + apart);
}
