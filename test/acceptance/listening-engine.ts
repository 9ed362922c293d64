/**
 * An engine that learns nothing and writes down what it is told, so that a trainer can be followed over a whole plan in seconds. Gradients are
 * noise; what it predicts is right as often as it is told to be.
 */
import {
  applyDelta,
  type Engine,
  type ModelState,
  type Network,
  type ParamName,
  type PassOptions,
  rng,
  type Session,
  type Source,
  type StepOptions,
  type TopologyDelta,
} from '@freetickets/sparse-core';

export interface Heard {
  /** Learning rate of every step. */
  readonly rates: number[];
  /** Steps in which the dense gradient was asked for. */
  readonly gradients: number[];
}

/** @param correct how many of the images of a prediction are right after so many steps; all have label 0 */
export function listeningEngine(heard: Heard, correct: (steps: number) => number): Engine {
  return {
    name: 'listening',
    signals: new Set(['gradient']),
    open: async (network, state) => new ListeningSession(network, state, heard, correct),
  };
}

class ListeningSession implements Session {
  readonly #network: Network;
  readonly #heard: Heard;
  readonly #correct: (steps: number) => number;
  #state: ModelState;
  #steps: number;

  constructor(network: Network, state: ModelState, heard: Heard, correct: (steps: number) => number) {
    this.#network = network;
    this.#state = state;
    this.#steps = state.step;
    this.#heard = heard;
    this.#correct = correct;
  }

  async trainStep({ size }: { readonly size: number }, { learningRate, keep }: StepOptions) {
    this.#steps++;
    this.#heard.rates.push(learningRate);
    if (keep?.includes('gradient')) this.#heard.gradients.push(this.#steps);
    return { loss: 1, correct: size };
  }

  async signal(param: ParamName): Promise<Float32Array> {
    const stream = rng(1).stream('gradient', param, this.#steps);
    return Float32Array.from({ length: this.#network.params.get(param)!.size }, () => stream.normal());
  }

  async gradient(param: ParamName): Promise<Float32Array> {
    const dense = await this.signal(param);
    const live = this.#state.topology.get(param)?.live;
    return live ? Float32Array.from(live, (position) => dense[position]!) : dense;
  }

  async rewire(deltas: readonly TopologyDelta[]): Promise<void> {
    const topology = new Map(this.#state.topology);
    for (const delta of deltas) topology.set(delta.param, applyDelta(topology.get(delta.param)!, delta));
    this.#state = { ...this.#state, topology };
  }

  async predict(_images: Float32Array, size: number): Promise<Float32Array> {
    const right = this.#correct(this.#steps);
    return Float32Array.from({ length: size * this.#network.classes }, (_, k) =>
      k % this.#network.classes === (Math.floor(k / this.#network.classes) < right ? 0 : 1) ? 1 : 0,
    );
  }

  async inputGradient({ images }: { readonly images: Float32Array }): Promise<Float32Array> {
    return new Float32Array(images.length);
  }

  async snapshot(): Promise<ModelState> {
    return { ...this.#state, step: this.#steps };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** `size` samples of zeros with label 0, in batches of which the last may be smaller. */
export function blankSource(size: number, network: Network): Source {
  const shape = network.shapes.get('input')!;
  const numbers = shape.reduce((a, b) => a * b, 1);
  const blank = (count: number) => ({ size: count, images: new Float32Array(count * numbers), labels: new Int32Array(count) });
  return {
    size,
    shape,
    classes: Array.from({ length: network.classes }, (_, k) => `class ${k}`),
    *batches({ batchSize, from = 0 }: PassOptions) {
      const whole = blank(batchSize);
      for (let begin = from * batchSize; begin < size; begin += batchSize) yield size - begin < batchSize ? blank(size - begin) : whole;
    },
  };
}
