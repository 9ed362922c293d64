/** A metric that is a mean over samples: its value of each sample alone, and the mean over any rows. */
import type { Prediction } from '@freetickets/sparse-core';
import type { Metric } from '../metric.ts';
import { takeRows } from '../predictions.ts';

export function valuesOfSamples(metric: Metric, prediction: Prediction, labels: Int32Array): Float64Array {
  return Float64Array.from(labels, (label, n) => {
    metric.reset();
    metric.update(takeRows(prediction, Uint32Array.of(n)), Int32Array.of(label));
    return metric.value();
  });
}

export function meanAt(values: ArrayLike<number>, rows: Uint32Array): number {
  let sum = 0;
  for (const row of rows) sum += values[row]!;
  return sum / rows.length;
}
