import type { Prediction } from '@freetickets/sparse-core';
import type { Metric } from '../metric.ts';
import { PROBABILITY_FLOOR } from '../nll.ts';
import { meanOverPairs, pairMetric } from './member-pairs.ts';

/**
 * Kullback-Leibler divergence between members, in nats: (members, members), row-major; row i, column j holds the mean over samples of
 * KL(p_j || p_i) = sum over classes of p_j ln(p_j / p_i). Probabilities below 1e-12 count as 1e-12 inside the logarithm.
 * The table is empty before the first update, when the number of members is not known.
 */
export const pairwiseKl = (): Metric<Float64Array> => pairMetric('pairwiseKl', 'neither', klOfSample, (means) => means);

/** The mean of `pairwiseKl` over all ordered pairs of different members: the d_KL of the FreeTickets paper. NaN for a single member. */
export const meanPairwiseKl = (): Metric => pairMetric('meanPairwiseKl', 'neither', klOfSample, meanOverPairs);

function klOfSample({ memberProbs, size, classes }: Prediction, n: number, i: number, j: number): number {
  let sum = 0;
  for (let c = 0; c < classes; c++) {
    const p = memberProbs[(j * size + n) * classes + c]!;
    const q = memberProbs[(i * size + n) * classes + c]!;
    sum += p * Math.log(Math.max(p, PROBABILITY_FLOOR) / Math.max(q, PROBABILITY_FLOOR));
  }
  return sum;
}
