import type { Prediction } from '@freetickets/sparse-core';
import { argmax } from '../argmax.ts';
import type { Metric } from '../metric.ts';
import { meanOverPairs, pairMetric } from './member-pairs.ts';

/**
 * Prediction disagreement: the share of samples, in [0, 1], on which two members name different classes, averaged over all pairs of members.
 * NaN for a single member. Not divided by the error rate, and without the 0.001 that the code behind the FreeTickets paper adds per pair.
 */
export const disagreement = (): Metric => pairMetric('disagreement', 'neither', classesDiffer, meanOverPairs);

/** 1 where the members `i` and `j` name different classes for sample `n`, else 0. */
export const classesDiffer = ({ memberProbs, size, classes }: Prediction, n: number, i: number, j: number): number =>
  argmax(memberProbs, (i * size + n) * classes, classes) === argmax(memberProbs, (j * size + n) * classes, classes) ? 0 : 1;
