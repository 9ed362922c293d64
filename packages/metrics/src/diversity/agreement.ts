/**
 * Measures of how members go together in a choice each makes: how often two choose the same, and how often each chooses what. That is all
 * that Cohen's kappa and Yule's Q need of a stream of batches.
 */
import { type Prediction, SparseError } from '@freetickets/sparse-core';
import { argmax } from '../argmax.ts';
import { type Metric, metricOf } from '../metric.ts';

export interface Agreement {
  members: number;
  choices: number;
  /** (members, members): samples on which both choose the same. */
  same: Float64Array;
  /** (members, choices): samples on which the member chooses this. */
  chosen: Float64Array;
  samples: number;
}

/** What member m says of sample n: its class, or whether it is right (1) or wrong (0). */
export type Choice = 'class' | 'correct';

/** @param value of a pair of members, from the counts */
export function agreementMetric<Value>(
  name: string,
  choice: Choice,
  value: (of: Agreement, i: number, j: number) => number,
  summary: (table: Float64Array, members: number) => Value,
): Metric<Value> {
  return metricOf<Agreement, Value>({
    name,
    better: 'neither',
    settings: `(${choice})`,
    empty: () => noAgreement(0, 0),
    add(state, prediction, labels) {
      const { members, size, classes } = prediction;
      fit(name, state, members, choice === 'class' ? classes : 2);
      const picks = choicesOf(prediction, labels, choice);
      for (let n = 0; n < size; n++) countSample(state, picks, size, n);
    },
    join(state, other) {
      if (other.members === 0) return;
      fit(name, state, other.members, other.choices);
      for (let k = 0; k < state.same.length; k++) state.same[k]! += other.same[k]!;
      for (let k = 0; k < state.chosen.length; k++) state.chosen[k]! += other.chosen[k]!;
      state.samples += other.samples;
    },
    value(state) {
      const { members } = state;
      const table = new Float64Array(members * members);
      for (let k = 0; k < table.length; k++) table[k] = value(state, Math.floor(k / members), k % members);
      return summary(table, members);
    },
  });
}

export const noAgreement = (members: number, choices: number): Agreement => ({
  members,
  choices,
  same: new Float64Array(members * members),
  chosen: new Float64Array(members * choices),
  samples: 0,
});

/** Takes in sample `n` of the `picks` (members, size). */
export function countSample(state: Agreement, picks: Int32Array, size: number, n: number): void {
  const { members, choices } = state;
  for (let i = 0; i < members; i++) {
    const own = picks[i * size + n]!;
    state.chosen[i * choices + own]!++;
    for (let j = 0; j < members; j++) if (picks[j * size + n] === own) state.same[i * members + j]!++;
  }
  state.samples++;
}

/** (members, size) */
export function choicesOf({ memberProbs, members, size, classes }: Prediction, labels: Int32Array, choice: Choice): Int32Array {
  return Int32Array.from({ length: members * size }, (_, k) => {
    const top = argmax(memberProbs, k * classes, classes);
    return choice === 'class' ? top : Number(top === labels[k % size]);
  });
}

/** The first batch decides on the sizes. */
function fit(name: string, state: Agreement, members: number, choices: number): void {
  if (state.members === 0) Object.assign(state, noAgreement(members, choices));
  else if (state.members !== members || state.choices !== choices)
    throw new SparseError(
      'SHAPE_MISMATCH',
      `${name}: prediction`,
      `${state.members} members and ${state.choices} choices as before`,
      `${members} and ${choices}`,
      'Call reset() between ensembles',
    );
}
