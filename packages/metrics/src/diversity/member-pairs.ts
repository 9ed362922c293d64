/** Metrics that compare members two by two: a running members x members table of sums over samples. */
import { type Prediction, SparseError } from '@freetickets/sparse-core';
import { type Metric, metricOf } from '../metric.ts';

/** `sums` (members, members), row-major, and how many samples were summed. */
export interface PairSums {
  members: number;
  sums: Float64Array;
  samples: number;
}

/**
 * @param score of sample `n` for the members `i` and `j`, i different from j
 * @param value of the table of means, linear in it
 */
export function pairMetric<Value>(
  name: string,
  better: Metric['better'],
  score: (prediction: Prediction, n: number, i: number, j: number) => number,
  value: (means: Float64Array, members: number) => Value,
): Metric<Value> {
  return metricOf<PairSums, Value>({
    name,
    better,
    additive: true,
    empty: () => ({ members: 0, sums: new Float64Array(0), samples: 0 }),
    add(state, prediction) {
      const { members, size } = prediction;
      fitMembers(name, state, members);
      for (let i = 0; i < members; i++)
        for (let j = 0; j < members; j++)
          if (i !== j) for (let n = 0; n < size; n++) state.sums[i * members + j]! += score(prediction, n, i, j);
      state.samples += size;
    },
    join(state, other) {
      if (other.members === 0) return;
      fitMembers(name, state, other.members);
      for (let k = 0; k < state.sums.length; k++) state.sums[k]! += other.sums[k]!;
      state.samples += other.samples;
    },
    value: ({ members, sums, samples }) =>
      value(
        sums.map((sum) => sum / samples),
        members,
      ),
  });
}

/** The first batch decides how many members there are. */
function fitMembers(name: string, state: PairSums, members: number): void {
  if (state.members === 0) {
    state.members = members;
    state.sums = new Float64Array(members * members);
  } else if (state.members !== members)
    throw new SparseError(
      'SHAPE_MISMATCH',
      `${name}: prediction.members`,
      `${state.members} members as before`,
      members,
      'Call reset() between ensembles',
    );
}

/** Mean over the ordered pairs i != j; NaN without a pair. */
export function meanOverPairs(means: Float64Array, members: number): number {
  let sum = 0;
  for (let k = 0; k < means.length; k++) if (k % (members + 1) !== 0) sum += means[k]!;
  return sum / (members * (members - 1));
}
