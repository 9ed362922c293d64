import type { Prediction } from '@freetickets/sparse-core';
import { meanMetric } from './mean-metric.ts';
import type { Metric } from './metric.ts';

/** Brier score of several classes: the mean over samples of the sum over classes of (p - [class is the label])^2, in [0, 2]. */
export const brier = (): Metric => meanMetric('brier', 'lower', brierOfSample);

export function brierOfSample({ probs, classes }: Prediction, n: number, label: number): number {
  let sum = 0;
  for (let c = 0; c < classes; c++) sum += (probs[n * classes + c]! - (c === label ? 1 : 0)) ** 2;
  return sum;
}
