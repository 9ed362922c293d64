import type { Prediction } from '@freetickets/sparse-core';
import type { Metric } from '../metric.ts';
import { meanOverPairs, pairMetric } from './member-pairs.ts';

/**
 * Jensen-Shannon divergence between members, in nats, from 0 to ln 2: the mean of both members' KL divergence from their mean. Symmetric,
 * and finite even where a member gives probability 0. Table (members, members), row-major; empty before the first update.
 * @source Lin, "Divergence measures based on the Shannon entropy", 1991
 */
export const pairwiseJs = (): Metric<Float64Array> => pairMetric('pairwiseJs', 'neither', jsOfSample, (means) => means);

/** The mean of `pairwiseJs` over pairs of different members. NaN for a single member. */
export const meanPairwiseJs = (): Metric => pairMetric('meanPairwiseJs', 'neither', jsOfSample, meanOverPairs);

function jsOfSample({ memberProbs, size, classes }: Prediction, n: number, i: number, j: number): number {
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    const p = memberProbs[(i * size + n) * classes + c]!;
    const q = memberProbs[(j * size + n) * classes + c]!;
    const mean = (p + q) / 2;
    if (p > 0) sum += (p * Math.log(p / mean)) / 2;
    if (q > 0) sum += (q * Math.log(q / mean)) / 2;
  }
  return sum;
}
