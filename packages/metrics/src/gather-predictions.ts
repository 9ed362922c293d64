/**
 * Keeps every batch, for the measures that need the whole set at once (conformal sets, temperature, OOD scores, bootstrap): as a metric,
 * so that it can stand in a `collect` beside the others.
 */
import { type Prediction, SparseError } from '@freetickets/sparse-core';
import { type Metric, metricOf } from './metric.ts';

export interface Gathered {
  readonly prediction: Prediction;
  /** (prediction.size) */
  readonly labels: Int32Array;
}

/** Everything seen, as one prediction and its labels, in the order of the updates; copies, so engines may reuse their buffers. */
export const gatherPredictions = (): Metric<Gathered> =>
  metricOf<Gathered[], Gathered>({
    name: 'gatherPredictions',
    better: 'neither',
    empty: () => [],
    add(parts, prediction, labels) {
      checkSame(parts[0]?.prediction, prediction);
      const { probs, memberProbs } = prediction;
      parts.push({ prediction: { ...prediction, probs: probs.slice(), memberProbs: memberProbs.slice() }, labels: labels.slice() });
    },
    join(parts, other) {
      if (other[0]) checkSame(parts[0]?.prediction, other[0].prediction);
      parts.push(...other);
    },
    value: concatenate,
  });

function checkSame(first: Prediction | undefined, { members, classes }: Prediction): void {
  if (first && (first.members !== members || first.classes !== classes))
    throw new SparseError(
      'SHAPE_MISMATCH',
      'gatherPredictions: prediction',
      `${first.members} members and ${first.classes} classes as before`,
      `${members} and ${classes}`,
    );
}

function concatenate(parts: readonly Gathered[]): Gathered {
  const { members, classes } = parts[0]?.prediction ?? { members: 0, classes: 0 };
  const size = parts.reduce((sum, part) => sum + part.labels.length, 0);
  const probs = new Float32Array(size * classes);
  const memberProbs = new Float32Array(members * size * classes);
  const labels = new Int32Array(size);
  let start = 0;
  for (const part of parts) {
    const own = part.prediction.probs.length;
    probs.set(part.prediction.probs, start * classes);
    for (let m = 0; m < members; m++)
      memberProbs.set(part.prediction.memberProbs.subarray(m * own, (m + 1) * own), (m * size + start) * classes);
    labels.set(part.labels, start);
    start += part.labels.length;
  }
  return { prediction: { size, classes, members, probs, memberProbs }, labels };
}
