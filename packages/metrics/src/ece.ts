import { SparseError } from '@freetickets/sparse-core';
import { argmax } from './argmax.ts';
import { type Metric, metricOf } from './metric.ts';

export interface EceOptions {
  /** Default 15. */
  readonly bins?: number;
  /**
   * `uniform` (default): `bins` bins of equal width. `freetickets`: what the code behind the FreeTickets paper computes, for comparing with its
   * tables: `bins` is there the number of *edges*, so there is one bin less, and a confidence above 1 falls out of the sum.
   */
  readonly edges?: 'uniform' | 'freetickets';
}

/**
 * Expected calibration error of the most probable class, in [0, 1]: samples go into bins (low, high] by their top probability, and
 * ECE = sum over bins of |sum of (correct - confidence)| / samples.
 *
 * @throws SparseError INVALID_ARGUMENT when `bins` leaves no bin
 * @source Guo et al., arXiv:1706.04599, eq. 5
 */
export function ece({ bins = 15, edges = 'uniform' }: EceOptions = {}): Metric {
  const least = edges === 'uniform' ? 1 : 2;
  if (!Number.isInteger(bins) || bins < least || bins > 1 << 24)
    throw new SparseError('INVALID_ARGUMENT', 'ece.bins', `a whole number from ${least} to ${1 << 24}`, bins);
  const count = edges === 'uniform' ? bins : bins - 1;
  return metricOf({
    name: 'ece',
    better: 'lower',
    settings: `(${bins} ${edges})`,
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

/** Bin b holds (b / count, (b + 1) / count]. Exact: a float32 times a whole number below 2^24 has no rounding in float64. */
const binOf = (confidence: number, count: number): number => Math.min(Math.max(Math.ceil(confidence * count) - 1, 0), count - 1);
