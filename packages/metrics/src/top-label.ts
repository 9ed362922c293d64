/** What calibration of the top class and selective prediction look at: how sure each prediction is, and whether it is right. */
import { argmax } from './argmax.ts';
import { type Metric, metricOf } from './metric.ts';
import { classesOf, type Reals } from './reals.ts';

export interface TopLabel {
  /** (samples): the largest probability. */
  readonly confidence: Float64Array;
  /** (samples): 1 where the most probable class (the lowest on a tie) is the label. */
  readonly correct: Uint8Array;
}

/**
 * @param probs (samples, classes)
 * @throws SparseError SHAPE_MISMATCH, INVALID_ARGUMENT or NON_FINITE when probabilities and labels do not fit
 */
export function topLabel(probs: Reals, labels: Int32Array): TopLabel {
  const classes = classesOf('probs', probs, labels);
  const confidence = new Float64Array(labels.length);
  const correct = new Uint8Array(labels.length);
  labels.forEach((label, n) => {
    const top = argmax(probs, n * classes, classes);
    confidence[n] = probs[n * classes + top]!;
    correct[n] = top === label ? 1 : 0;
  });
  return { confidence, correct };
}

/** A metric that needs the confidences of the whole set at once: keeps 9 bytes a sample, whatever the number of classes. */
export function topLabelMetric(name: string, better: Metric['better'], settings: string, value: (all: TopLabel) => number): Metric {
  return metricOf<TopLabel[], number>({
    name,
    better,
    settings,
    empty: () => [],
    add: (parts, { probs }, labels) => {
      if (labels.length > 0) parts.push(topLabel(probs, labels));
    },
    join: (parts, other) => {
      parts.push(...other);
    },
    value: (parts) => (parts.length === 0 ? Number.NaN : value(joined(parts))),
  });
}

function joined(parts: readonly TopLabel[]): TopLabel {
  const size = parts.reduce((sum, part) => sum + part.correct.length, 0);
  const all = { confidence: new Float64Array(size), correct: new Uint8Array(size) };
  let start = 0;
  for (const { confidence, correct } of parts) {
    all.confidence.set(confidence, start);
    all.correct.set(correct, start);
    start += correct.length;
  }
  return all;
}
