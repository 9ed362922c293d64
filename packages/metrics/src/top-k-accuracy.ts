import { meanMetric } from './mean-metric.ts';
import type { Metric } from './metric.ts';
import { checkWhole } from './reals.ts';

/**
 * Share of samples, in [0, 1], whose label is among the `k` most probable classes; of equal probabilities the lower class comes first.
 * 1 for `k` at or above the number of classes; `topKAccuracy(1)` is `accuracy()`.
 * @throws SparseError INVALID_ARGUMENT when `k` is no whole number of at least 1
 */
export function topKAccuracy(k = 5): Metric {
  checkWhole('topKAccuracy.k', k, 1);
  return meanMetric(`top${k}Accuracy`, 'higher', ({ probs, classes }, n, label) => {
    const own = probs[n * classes + label]!;
    let before = 0;
    for (let c = 0; c < classes; c++) {
      const other = probs[n * classes + c]!;
      if (other > own || (other === own && c < label)) before++;
    }
    return before < k ? 1 : 0;
  });
}
