/** Several metrics as one: update, merge and reset reach each of them, and the value is the record of their values. */
import { type Prediction, SparseError } from '@freetickets/sparse-core';
import type { Metric } from './metric.ts';

type Values<Metrics extends Readonly<Record<string, Metric<unknown>>>> = { [Name in keyof Metrics]: ReturnType<Metrics[Name]['value']> };

/** @example collect({ accuracy: accuracy(), nll: nll() }).value() // { accuracy: 0.93, nll: 0.21 } */
export function collect<Metrics extends Readonly<Record<string, Metric<unknown>>>>(metrics: Metrics): Metric<Values<Metrics>> {
  return new Collection(metrics);
}

class Collection<Metrics extends Readonly<Record<string, Metric<unknown>>>> implements Metric<Values<Metrics>> {
  readonly name = 'collect';
  readonly better = 'neither';
  readonly additive = false;
  readonly #metrics: Metrics;

  constructor(metrics: Metrics) {
    this.#metrics = { ...metrics };
  }

  update(prediction: Prediction, labels: Int32Array): void {
    for (const metric of Object.values(this.#metrics)) metric.update(prediction, labels);
  }

  merge(other: Metric<Values<Metrics>>): void {
    const names = Object.keys(this.#metrics);
    const theirs = other instanceof Collection ? (other.#metrics as Metrics) : undefined;
    const received = theirs ? Object.keys(theirs) : other.name;
    if (!theirs || String([...names].sort()) !== String(Object.keys(theirs).sort()))
      throw new SparseError('INVALID_ARGUMENT', 'collect.merge', `a collection of ${names.join(', ')}`, received);
    for (const name of names) this.#metrics[name]!.merge(theirs[name]!);
  }

  value(): Values<Metrics> {
    return Object.fromEntries(Object.entries(this.#metrics).map(([name, metric]) => [name, metric.value()])) as Values<Metrics>;
  }

  reset(): void {
    for (const metric of Object.values(this.#metrics)) metric.reset();
  }
}
