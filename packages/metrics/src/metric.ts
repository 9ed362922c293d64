/**
 * What every metric is: a streaming accumulator over predictions, in float64, whose parts can be computed apart and merged.
 * A metric is described by four pure functions on its state (`MetricRules`); `metricOf` makes the accumulator.
 */
import { type Prediction, SparseError } from '@freetickets/sparse-core';

export interface Metric<Value = number> {
  readonly name: string;
  readonly better: 'higher' | 'lower' | 'neither';
  /** True when the value of a set is the mean of its samples' own values, which a bootstrap then needs to compute only once. */
  readonly additive: boolean;
  /**
   * Takes in one batch.
   * @param labels class indices (size)
   * @throws SparseError SHAPE_MISMATCH when array lengths and sizes disagree, NON_FINITE when a probability is not a number,
   * INVALID_ARGUMENT when a label is not a class
   */
  update(prediction: Prediction, labels: Int32Array): void;
  /** Takes in what `other` has seen; afterwards this is as if it had seen both. `other` must be the same metric with the same options. */
  merge(other: Metric<Value>): void;
  /** Over everything seen since the start or the last `reset`; NaN when that is nothing. */
  value(): Value;
  reset(): void;
}

/** A metric as functions on its state; `empty` makes the state of having seen nothing. */
export interface MetricRules<State, Value> {
  readonly name: string;
  readonly better: Metric['better'];
  /** Default false. @see Metric.additive */
  readonly additive?: boolean;
  /** Whatever must agree before two of these may be merged, besides the name. Default: nothing. */
  readonly settings?: string;
  empty(): State;
  add(state: State, prediction: Prediction, labels: Int32Array): void;
  join(state: State, other: State): void;
  value(state: State): Value;
}

export function metricOf<State, Value>(rules: MetricRules<State, Value>): Metric<Value> {
  return new Accumulator(rules);
}

class Accumulator<State, Value> implements Metric<Value> {
  readonly name: string;
  readonly better: Metric['better'];
  readonly additive: boolean;
  readonly #rules: MetricRules<State, Value>;
  #state: State;

  constructor(rules: MetricRules<State, Value>) {
    this.name = rules.name;
    this.better = rules.better;
    this.additive = rules.additive ?? false;
    this.#rules = rules;
    this.#state = rules.empty();
  }

  update(prediction: Prediction, labels: Int32Array): void {
    checkBatch(prediction, labels);
    this.#rules.add(this.#state, prediction, labels);
  }

  merge(other: Metric<Value>): void {
    const mine = [this.name, this.#rules.settings];
    const theirs = other instanceof Accumulator ? [other.name, other.#rules.settings] : [other.name, 'made elsewhere'];
    if (String(mine) !== String(theirs))
      throw new SparseError('INVALID_ARGUMENT', `${this.name}.merge`, `the same metric, ${mine.join(' ').trim()}`, theirs.join(' ').trim());
    this.#rules.join(this.#state, (other as Accumulator<State, Value>).#state);
  }

  value(): Value {
    return this.#rules.value(this.#state);
  }

  reset(): void {
    this.#state = this.#rules.empty();
  }
}

/** Lengths first, so that no metric ever reads past an array; then the numbers themselves. */
function checkBatch({ size, classes, members, probs, memberProbs }: Prediction, labels: Int32Array): void {
  if (probs.length !== size * classes)
    throw new SparseError(
      'SHAPE_MISMATCH',
      'prediction.probs',
      `${size} samples x ${classes} classes = ${size * classes} numbers`,
      probs.length,
    );
  if (memberProbs.length !== members * size * classes) {
    const expected = `${members} members x ${size} samples x ${classes} classes = ${members * size * classes} numbers`;
    throw new SparseError('SHAPE_MISMATCH', 'prediction.memberProbs', expected, memberProbs.length);
  }
  if (labels.length !== size) throw new SparseError('SHAPE_MISMATCH', 'labels', `one label for each of ${size} samples`, labels.length);
  const wrong = labels.findIndex((label) => label < 0 || label >= classes);
  if (wrong >= 0) throw new SparseError('INVALID_ARGUMENT', `labels[${wrong}]`, `a class from 0 to ${classes - 1}`, labels[wrong]);
  checkFinite('prediction.probs', probs);
  checkFinite('prediction.memberProbs', memberProbs);
}

function checkFinite(at: string, values: Float32Array): void {
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new SparseError('NON_FINITE', `${at}[${wrong}]`, 'a finite probability', values[wrong]);
}
