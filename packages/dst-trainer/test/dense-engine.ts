/**
 * A small engine for the tests of the trainer: networks of linear and relu nodes in a chain over (features), computed in plain loops over
 * dense arrays with a mask. It keeps the whole promise of `Session`, so that the trainer is tested on real training.
 */
import {
  type Batch,
  type Engine,
  type ModelState,
  type Network,
  type OpenOptions,
  type ParamName,
  type Session,
  type Signal,
  SparseError,
  type StepOptions,
  type StepResult,
  type Topology,
  type TopologyDelta,
} from '@freetickets/sparse-core';
import { crossEntropy } from './cross-entropy.ts';
import { gradientNorm, type Optimized, optimize } from './optimize.ts';

interface Parameter extends Optimized {
  readonly shape: readonly number[];
  readonly sparse: boolean;
}

export interface DenseEngineOptions {
  /** Called at the end of each training step, with how many this engine has taken over all its sessions. */
  readonly onStep?: (steps: number) => void;
  readonly signals?: readonly Signal[];
}

export function denseEngine(options: DenseEngineOptions = {}): Engine {
  let steps = 0;
  const count = () => options.onStep?.(++steps);
  return {
    name: 'dense test engine',
    signals: new Set(options.signals ?? (['gradient'] as const)),
    open: async (network, state, openOptions) => new DenseSession(network, state, openOptions, count),
  };
}

class DenseSession implements Session {
  readonly #network: Network;
  readonly #options: OpenOptions;
  readonly #params = new Map<ParamName, Parameter>();
  readonly #count: () => void;
  readonly #spec: ModelState['spec'];
  #step: number;
  #kept: readonly Signal[] = [];

  constructor(network: Network, state: ModelState, options: OpenOptions, count: () => void) {
    this.#network = network;
    this.#options = options;
    this.#count = count;
    this.#spec = state.spec;
    const goesOn = state.momentum && (options.optimizer?.kind !== 'adamw' || state.secondMoments);
    this.#step = goesOn ? state.step : 0;
    for (const [name, info] of network.params) {
      const live = state.topology.get(name)?.live ?? Uint32Array.from({ length: info.size }, (_, i) => i);
      const parameter: Parameter = {
        kind: info.kind,
        shape: info.shape,
        sparse: state.topology.has(name),
        values: new Float32Array(info.size),
        momentum: new Float32Array(info.size),
        secondMoments: new Float32Array(info.size),
        gradient: new Float32Array(info.size),
        mask: new Uint8Array(info.size),
      };
      live.forEach((position, i) => {
        parameter.mask[position] = 1;
        parameter.values[position] = state.values.get(name)![i]!;
        parameter.momentum[position] = state.momentum?.get(name)?.[i] ?? 0;
        parameter.secondMoments[position] = state.secondMoments?.get(name)?.[i] ?? 0;
      });
      this.#params.set(name, parameter);
    }
  }

  async trainStep(batch: Batch, { learningRate, keep = [], update = true, guard }: StepOptions): Promise<StepResult> {
    const { optimizer, loss, signals = [], batchSize } = this.#options;
    if (!optimizer || batch.size > batchSize || keep.some((signal) => !signals.includes(signal)))
      throw new SparseError('INVALID_ARGUMENT', 'trainStep', 'an optimizer, a batch that fits and signals announced to open', { keep });
    const activations = this.#forward(batch.images, batch.size);
    const { slope, ...result } = crossEntropy(activations.at(-1)!, batch, this.#network.classes, loss);
    this.#backward(activations, slope, batch.size);
    this.#kept = keep;
    const parameters = [...this.#params.values()];
    const norm = gradientNorm(parameters);
    const refused = !guard || (Number.isFinite(result.loss) && norm <= (guard.maxNorm ?? Number.MAX_VALUE)) ? undefined : 'gradient';
    if (update && !refused) optimize(parameters, optimizer, learningRate, ++this.#step);
    this.#count();
    return { ...result, ...(guard && { norm }), ...(refused && { refused: Number.isFinite(result.loss) ? refused : 'loss' }) };
  }

  async gradient(param: ParamName): Promise<Float32Array> {
    const { gradient, mask } = this.#params.get(param)!;
    return gradient.filter((_, i) => mask[i]);
  }

  async signal(param: ParamName, which: Signal): Promise<Float32Array> {
    if (!this.#kept.includes(which)) throw new SparseError('INVALID_ARGUMENT', 'signal', 'one that the last step kept', which);
    return this.#params.get(param)!.gradient.slice();
  }

  async rewire(deltas: readonly TopologyDelta[]): Promise<void> {
    for (const { param, dropped, grown } of deltas) {
      const { sparse, mask, values, momentum, secondMoments } = this.#params.get(param)!;
      if (!sparse || !dropped.every((i) => mask[i] === 1) || !grown.every((i) => mask[i] === 0))
        throw new SparseError('INVALID_ARGUMENT', param, 'live weights to drop and dead ones to grow', { dropped, grown });
      for (const i of [...dropped, ...grown]) {
        mask[i] = 1 - mask[i]!;
        values[i] = 0;
        momentum[i] = 0;
        secondMoments[i] = 0;
      }
    }
  }

  async inputGradient(): Promise<never> {
    throw new SparseError('INVALID_ARGUMENT', 'inputGradient', 'an engine that has it', 'the dense test engine');
  }

  async predict(images: Float32Array, size: number): Promise<Float32Array> {
    return this.#forward(images, size).at(-1)!;
  }

  async snapshot(): Promise<ModelState> {
    const read = (pick: (parameter: Parameter) => Float32Array) =>
      new Map([...this.#params].map(([name, parameter]) => [name, pick(parameter).filter((_, i) => parameter.mask[i])]));
    const topology: Topology = new Map(
      [...this.#params].flatMap(([name, { sparse, shape, mask }]) => {
        const live = Uint32Array.from([...mask.keys()].filter((i) => mask[i]));
        return sparse ? [[name, { shape, live }] as const] : [];
      }),
    );
    return {
      spec: this.#spec,
      topology,
      values: read(({ values }) => values),
      momentum: read(({ momentum }) => momentum),
      ...(this.#options.optimizer?.kind === 'adamw' && { secondMoments: read(({ secondMoments }) => secondMoments) }),
      step: this.#step,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#params.clear();
  }

  /** Input and output of every node, in order. */
  #forward(images: Float32Array, size: number): Float32Array[] {
    const activations = [images];
    for (const node of this.#network.spec.nodes) {
      const input = activations.at(-1)!;
      if (node.op === 'relu') {
        activations.push(input.map((x) => Math.max(0, x)));
        continue;
      }
      const { values: weight, shape } = this.#params.get(`${node.id}.weight`)!;
      const bias = this.#params.get(`${node.id}.bias`)?.values;
      const [rows, columns] = shape as [number, number];
      const output = new Float32Array(size * rows);
      for (let n = 0; n < size; n++) {
        for (let o = 0; o < rows; o++) {
          let sum = bias?.[o] ?? 0;
          for (let i = 0; i < columns; i++) sum += weight[o * columns + i]! * input[n * columns + i]!;
          output[n * rows + o] = sum;
        }
      }
      activations.push(output);
    }
    return activations;
  }

  #backward(activations: readonly Float32Array[], last: Float32Array, size: number): void {
    let slope = last;
    for (const [index, node] of [...this.#network.spec.nodes.entries()].reverse()) {
      const input = activations[index]!;
      if (node.op === 'relu') {
        slope = slope.map((s, i) => (input[i]! > 0 ? s : 0));
        continue;
      }
      const { values: weight, gradient, shape } = this.#params.get(`${node.id}.weight`)!;
      const biasGradient = this.#params.get(`${node.id}.bias`)?.gradient;
      const [rows, columns] = shape as [number, number];
      const below = new Float32Array(size * columns);
      gradient.fill(0);
      biasGradient?.fill(0);
      for (let n = 0; n < size; n++) {
        for (let o = 0; o < rows; o++) {
          const s = slope[n * rows + o]!;
          if (biasGradient) biasGradient[o]! += s;
          for (let i = 0; i < columns; i++) {
            gradient[o * columns + i]! += s * input[n * columns + i]!;
            below[n * columns + i]! += s * weight[o * columns + i]!;
          }
        }
      }
      slope = below;
    }
  }
}
