import type { Metric } from '../metric.ts';
import { classesDiffer } from './disagreement.ts';
import { pairMetric } from './member-pairs.ts';

/** Share of samples on which two members name different classes: (members, members), row-major; empty before the first update. */
export const pairwiseDisagreement = (): Metric<Float64Array> =>
  pairMetric('pairwiseDisagreement', 'neither', classesDiffer, (means) => means);
