/** Classwise expected calibration error: is every probability of a prediction kept, not only the largest? */
import { SparseError } from '@freetickets/sparse-core';
import { type Metric, metricOf } from '../metric.ts';
import { binCount, binOf } from './reliability-bins.ts';

export interface ClasswiseEceOptions {
  /** Bins of equal width for each class. Default 15. */
  readonly bins?: number;
}

interface State {
  classes: number;
  /** (classes, bins): sum of [the label is this class] - p. */
  gap: Float64Array;
  samples: number;
}

/**
 * The mean over classes of: sum over bins (low, high] of the class's probability of |sum of ([label is the class] - p)| / samples. In [0, 1].
 * @throws SparseError INVALID_ARGUMENT when `bins` leaves no bin; on update SHAPE_MISMATCH when the number of classes changes
 * @source Kull et al., arXiv:1910.12656, eq. 4; Nixon et al. (arXiv:1904.01685) call it the static calibration error
 */
export function classwiseEce({ bins = 15 }: ClasswiseEceOptions = {}): Metric {
  const count = binCount('classwiseEce.bins', bins, 'uniform');
  return metricOf<State, number>({
    name: 'classwiseEce',
    better: 'lower',
    settings: `(${bins})`,
    empty: () => ({ classes: 0, gap: new Float64Array(0), samples: 0 }),
    add(state, { probs, classes, size }, labels) {
      fitClasses(state, classes, count);
      for (let n = 0; n < size; n++)
        for (let c = 0; c < classes; c++) {
          const p = probs[n * classes + c]!;
          state.gap[c * count + binOf(p, count)]! += (labels[n] === c ? 1 : 0) - p;
        }
      state.samples += size;
    },
    join(state, other) {
      if (other.classes === 0) return;
      fitClasses(state, other.classes, count);
      for (let k = 0; k < state.gap.length; k++) state.gap[k]! += other.gap[k]!;
      state.samples += other.samples;
    },
    value: ({ classes, gap, samples }) => gap.reduce((sum, g) => sum + Math.abs(g), 0) / (classes * samples),
  });
}

function fitClasses(state: State, classes: number, bins: number): void {
  if (state.classes === 0) {
    state.classes = classes;
    state.gap = new Float64Array(classes * bins);
  } else if (state.classes !== classes)
    throw new SparseError('SHAPE_MISMATCH', 'classwiseEce: prediction.classes', `${state.classes} classes as before`, classes);
}
