import type { Metric } from '../metric.ts';
import { topLabelMetric } from '../top-label.ts';
import { riskCoverage } from './risk-coverage.ts';

/**
 * Area under the risk-coverage curve, in [0, 1]: the mean over k of the error rate among the k most confident samples, k = 1 .. samples.
 * @source Geifman, Uziel and El-Yaniv, arXiv:1805.08206
 */
export const aurc = (): Metric => topLabelMetric('aurc', 'lower', '', (all) => meanOf(riskCoverage(all).risk));

export const meanOf = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
