/**
 * Steps that rewire beside steps that do not, through the trainer itself: the time of a step is the time between the batch it is given and the
 * next that it asks for. A step that rewires computes the dense gradient of every sparse weight besides; then weights are chosen and moved.
 */
import type { WorkloadOptions } from '@freetickets/cli';
import { dst, train } from '@freetickets/dst-trainer';
import { type Batch, rng, type Source } from '@freetickets/sparse-core';

/** Steps from one rewiring to the next: enough that plain ones are seen between them. */
export const EVERY = 4;
const ENDLESS_STEPS = 1e6;
const FRACTION = 0.3;

export interface Rewirings {
  /** Goes on by `EVERY` steps. `step` is the least time of the plain ones, `rewiringStep` that of the one that rewires. */
  run(): Promise<{ readonly step: number; readonly rewiringStep: number }>;
  close(): Promise<void>;
}

export function openRewiring({ network, sparsity, batchSize, seed, computing }: WorkloadOptions): Rewirings {
  const stream = rng(seed).stream('images');
  const images = Float32Array.from({ length: batchSize * network.shapes.get('input')!.reduce((a, b) => a * b, 1) }, () => stream.normal());
  const batch = { size: batchSize, images, labels: Int32Array.from({ length: batchSize }, (_, n) => n % network.classes) };
  const source = new ClockedSource(batch, network.spec.input.shape, network.classes);
  const [plan] = dst({ sparsity, epochs: 1, batchSize, tickets: 1, learningRate: 1e-3, rewiring: { every: EVERY, fraction: FRACTION } });
  const stop = new AbortController();
  const training = (async () => {
    for await (const _ of train({ network, plan: plan!, data: { train: source }, seed, ...computing, signal: stop.signal }));
  })();
  training.catch(() => {}); // whoever waits for times is told
  return {
    async run() {
      const times = await Promise.race([source.next(), training.then(() => [])]);
      return { step: Math.min(...times.slice(0, -1)), rewiringStep: times.at(-1)! };
    },
    async close() {
      stop.abort();
      source.open();
      await training;
    },
  };
}

/** Gives the same batch again and again, `EVERY` times and then not before `next` is called, and keeps the time of the steps between. */
class ClockedSource implements Source {
  readonly size: number;
  readonly shape: readonly number[];
  readonly classes: readonly string[];
  readonly #batch: Batch;
  #times: number[] = [];
  #deliver: (times: readonly number[]) => void = () => {};
  #go: () => void = () => {};
  #gate: Promise<void>;

  constructor(batch: Batch, shape: readonly number[], classes: number) {
    this.size = batch.size * ENDLESS_STEPS;
    this.shape = shape;
    this.classes = Array.from({ length: classes }, (_, index) => String(index));
    this.#batch = batch;
    this.#gate = this.#closed();
  }

  next(): Promise<readonly number[]> {
    const times = new Promise<readonly number[]>((resolve) => {
      this.#deliver = resolve;
    });
    this.open();
    return times;
  }

  open(): void {
    this.#go();
  }

  async *batches(): AsyncIterable<Batch> {
    for (;;) {
      await this.#gate;
      const given = performance.now();
      yield this.#batch;
      this.#times.push(performance.now() - given);
      if (this.#times.length < EVERY) continue;
      this.#gate = this.#closed();
      this.#deliver(this.#times);
      this.#times = [];
    }
  }

  #closed(): Promise<void> {
    return new Promise((resolve) => {
      this.#go = resolve;
    });
  }
}
