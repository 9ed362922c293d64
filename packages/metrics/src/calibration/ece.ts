import { argmax } from '../argmax.ts';
import { type Metric, metricOf } from '../metric.ts';
import { topLabelMetric } from '../top-label.ts';
import { calibrationError } from './calibration-error.ts';
import { type BinOptions, binCount, binOf, reliabilityBins } from './reliability-bins.ts';

export type EceOptions = BinOptions;

/**
 * Expected calibration error of the most probable class, in [0, 1]: samples go into bins by their top probability, and
 * ECE = sum over bins of |sum of (correct - confidence)| / samples. Bins of equal width are (low, high]; see `BinEdges` for the other edges.
 *
 * @throws SparseError INVALID_ARGUMENT when `bins` leaves no bin
 * @source Guo et al., arXiv:1706.04599, eq. 5
 */
export function ece({ bins = 15, edges = 'uniform' }: EceOptions = {}): Metric {
  const count = binCount('ece.bins', bins, edges);
  const settings = `(${bins} ${edges})`;
  if (edges === 'quantile')
    return topLabelMetric('ece', 'lower', settings, (all) => calibrationError(reliabilityBins(all, { bins, edges })));
  return metricOf({
    name: 'ece',
    better: 'lower',
    settings,
    empty: () => ({ gap: new Float64Array(count), samples: 0 }),
    add(state, { probs, classes, size }, labels) {
      for (let n = 0; n < size; n++) {
        const top = argmax(probs, n * classes, classes);
        const confidence = probs[n * classes + top]!;
        if (edges === 'freetickets' && confidence > 1) continue;
        state.gap[binOf(confidence, count)]! += (top === labels[n] ? 1 : 0) - confidence;
      }
      state.samples += size;
    },
    join(state, other) {
      state.gap.forEach((_, b) => {
        state.gap[b]! += other.gap[b]!;
      });
      state.samples += other.samples;
    },
    value: ({ gap, samples }) => gap.reduce((sum, g) => sum + Math.abs(g), 0) / samples,
  });
}
