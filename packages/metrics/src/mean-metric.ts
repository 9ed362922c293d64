/** The most common kind of metric: the mean over samples of a number that each sample gives by itself. */
import type { Prediction } from '@freetickets/sparse-core';
import { type Metric, metricOf } from './metric.ts';

/** @param score of sample `n`, whose right class is `label` */
export function meanMetric(
  name: string,
  better: Metric['better'],
  score: (prediction: Prediction, n: number, label: number) => number,
): Metric {
  return metricOf({
    name,
    better,
    additive: true,
    empty: () => ({ sum: 0, samples: 0 }),
    add(state, prediction, labels) {
      for (let n = 0; n < prediction.size; n++) state.sum += score(prediction, n, labels[n]!);
      state.samples += prediction.size;
    },
    join(state, other) {
      state.sum += other.sum;
      state.samples += other.samples;
    },
    value: ({ sum, samples }) => sum / samples,
  });
}
