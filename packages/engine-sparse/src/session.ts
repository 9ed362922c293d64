/** A session: one arena, one plan, one executor. Checks what comes in, stages it, runs, reads out. */
import {
  applyDelta,
  type Batch,
  checkState,
  type LayerTopology,
  type ModelState,
  momentumOf,
  type Network,
  type OpenOptions,
  type ParamName,
  type Session,
  type Signal,
  SparseError,
  type StepOptions,
  type StepResult,
  type TopologyDelta,
} from '@freetickets/sparse-core';
import type { Operation } from './ops.ts';
import { indexDense, indexLayer, makePlan, type Plan } from './plan.ts';

/** What an executor gives a session to work in. */
export interface Memory {
  readonly floats: Float32Array;
  readonly ints: Int32Array;
}

/** Runs operations over an arena. A program is whatever an executor makes of a list of operations. */
export interface Executor<Program = unknown> {
  readonly name: string;
  /** How its tiles lie: see `PlacementOptions`. */
  readonly runs?: boolean;
  /** Zeros; the floats start at a multiple of 64 bytes where that matters. Other arrays than these are not to be run on. */
  allocate(floats: number, ints: number): Memory;
  compile(operations: readonly Operation[]): Program;
  run(program: Program, floats: Float32Array, ints: Int32Array, lanes: number, batch: number): void;
}

/** Images up to which a plan of just so many is faster than a block of 32 with gaps. */
const MOST_FEW = 8;

const PROGRAMS = ['pack', 'predict', 'step', 'keepStep', 'update'] as const;

export function openSession<Program>(executor: Executor<Program>, net: Network, state: ModelState, options: OpenOptions): Session {
  checkState(net, state);
  if (!Number.isInteger(options.batchSize) || options.batchSize < 1)
    throw new SparseError('INVALID_ARGUMENT', 'batchSize', 'a whole number of at least 1', options.batchSize);
  return new SparseSession(executor, net, state, options);
}

class SparseSession<Program> implements Session {
  readonly #executor: Executor<Program>;
  readonly #net: Network;
  readonly #options: OpenOptions;
  readonly #plan: Plan;
  readonly #programs: Readonly<Record<(typeof PROGRAMS)[number], Program>>;
  readonly #topology: Map<ParamName, LayerTopology>;
  readonly #imageSize: number;
  #floats: Float32Array;
  #ints: Int32Array;
  #step: number;
  #packed = false;
  #stepped: 'never' | 'plain' | 'kept' = 'never';
  /** Sparse weights that changed since the last step: its gradients are not those of the weights that live now. */
  readonly #rewired = new Set<ParamName>();
  readonly #few = new Map<number, SparseSession<Program>>();
  #open = true;

  constructor(executor: Executor<Program>, net: Network, state: ModelState, options: OpenOptions) {
    this.#executor = executor;
    this.#net = net;
    this.#options = options;
    this.#topology = new Map(state.topology);
    this.#step = state.step;
    this.#imageSize = net.shapes.get('input')!.reduce((a, b) => a * b, 1);
    const denseGradients = options.optimizer !== undefined && (options.signals ?? []).includes('gradient');
    const { runs } = executor;
    const train = options.optimizer !== undefined;
    this.#plan = makePlan(net, state.topology, { batchSize: options.batchSize, train, denseGradients, runs });
    this.#programs = Object.fromEntries(PROGRAMS.map((name) => [name, executor.compile(this.#plan[name])])) as Record<
      (typeof PROGRAMS)[number],
      Program
    >;
    const { place } = this.#plan;
    const { floats, ints } = executor.allocate(place.arena.floatCount, place.arena.intCount);
    this.#floats = floats;
    this.#ints = ints;
    for (const [at, value] of place.constants) this.#floats[at] = value;
    for (const [param, { values }] of place.params) this.#floats.set(state.values.get(param)!, values);
    if (options.optimizer) {
      this.#floats.set([0, momentumOf(options.optimizer), options.optimizer.weightDecay], place.hyper);
      for (const [param, momentum] of state.momentum ?? []) this.#floats.set(momentum, this.#momentumAt(param));
    }
    for (const layer of place.layers.values()) indexLayer(this.#plan, this.#ints, layer, this.#topology.get(layer.param)?.live);
    indexDense(this.#plan, this.#ints);
  }

  async trainStep(batch: Batch, options: StepOptions): Promise<StepResult> {
    this.#checkOpen();
    const keep = this.#checkStep(batch, options);
    const { place } = this.#plan;
    this.#floats.set(batch.images, place.images);
    this.#ints.set(batch.labels, place.labels);
    this.#floats[place.hyper] = options.learningRate;
    this.#pack();
    this.#run(keep ? 'keepStep' : 'step', batch.size);
    this.#stepped = keep ? 'kept' : 'plain';
    this.#rewired.clear();
    if (options.update ?? true) {
      this.#run('update', batch.size);
      this.#packed = false;
      this.#step++;
    }
    let loss = 0;
    let correct = 0;
    for (let n = 0; n < batch.size; n++) {
      loss += this.#floats[place.loss + n]!;
      correct += this.#floats[place.correct + n]!;
    }
    return { loss: loss / batch.size, correct };
  }

  async gradient(param: ParamName): Promise<Float32Array> {
    this.#checkOpen();
    const { count } = this.#checkTrained(param);
    if (this.#stepped === 'never') throw new SparseError('INVALID_ARGUMENT', 'gradient', 'a training step before it', 'none');
    if (this.#rewired.has(param))
      throw new SparseError('INVALID_ARGUMENT', `gradient of ${param}`, 'a training step since the rewiring', 'none');
    const at = this.#gradientAt(param);
    return this.#floats.slice(at, at + count);
  }

  async signal(param: ParamName, which: Signal): Promise<Float32Array> {
    this.#checkOpen();
    this.#checkTrained(param);
    if (!this.#topology.has(param)) return this.gradient(param);
    if (which !== 'gradient' || !(this.#options.signals ?? []).includes(which))
      throw new SparseError(
        'ENGINE_LACKS_SIGNAL',
        `signal ${which}`,
        'a signal that the session was opened with',
        this.#options.signals ?? [],
      );
    if (this.#stepped !== 'kept')
      throw new SparseError('ENGINE_LACKS_SIGNAL', `signal ${which}`, `a last step with keep: ['${which}']`, this.#stepped);
    const at = this.#plan.place.params.get(param)!.denseGradient;
    return this.#floats.slice(at, at + this.#net.params.get(param)!.size);
  }

  async rewire(deltas: readonly TopologyDelta[]): Promise<void> {
    this.#checkOpen();
    // All are checked before the first is carried out.
    const topology = new Map(this.#topology);
    const changes = deltas.map((delta) => {
      const before = topology.get(delta.param);
      if (!before) throw new SparseError('INVALID_ARGUMENT', 'rewire', 'a sparse weight', delta.param);
      const after = applyDelta(before, delta);
      if (after.live.length !== before.live.length)
        throw new SparseError(
          'INVALID_ARGUMENT',
          `rewiring of ${delta.param}`,
          `${before.live.length} live weights as before`,
          after.live.length,
        );
      topology.set(delta.param, after);
      return { param: delta.param, before, after };
    });
    this.#few.clear();
    for (const { param, before, after } of changes) {
      const { values } = this.#plan.place.params.get(param)!;
      this.#move(values, before.live, after.live);
      if (this.#options.optimizer) this.#move(this.#momentumAt(param), before.live, after.live);
      this.#topology.set(param, after);
      this.#rewired.add(param);
    }
    for (const layer of this.#plan.place.layers.values())
      if (changes.some(({ param }) => param === layer.param))
        indexLayer(this.#plan, this.#ints, layer, this.#topology.get(layer.param)!.live);
    this.#packed = false;
  }

  async predict(images: Float32Array, size: number): Promise<Float32Array> {
    this.#checkOpen();
    if (!Number.isInteger(size) || size < 0) throw new SparseError('INVALID_ARGUMENT', 'size', 'a whole number of images', size);
    if (images.length !== size * this.#imageSize)
      throw new SparseError('SHAPE_MISMATCH', 'images', `${size} x ${this.#imageSize} values`, images.length);
    const { batchSize } = this.#plan;
    const logits = new Float32Array(size * this.#net.classes);
    for (let start = 0; start < size; start += batchSize) {
      const count = Math.min(batchSize, size - start);
      const part = images.subarray(start * this.#imageSize, (start + count) * this.#imageSize);
      logits.set(this.#sessionFor(count).#predictBatch(part, count), start * this.#net.classes);
    }
    return logits;
  }

  async inputGradient(): Promise<Float32Array> {
    throw new SparseError('INVALID_ARGUMENT', 'inputGradient', 'a session opened with inputGradients', this.#options);
  }

  #predictBatch(images: Float32Array, count: number): Float32Array {
    const { place } = this.#plan;
    this.#pack();
    this.#floats.set(images, place.images);
    this.#run('predict', count);
    return this.#floats.subarray(place.logits, place.logits + count * this.#net.classes);
  }

  /** For a few images a session of its own, made when first needed: the blocks of this one would be mostly empty. */
  #sessionFor(count: number): SparseSession<Program> {
    const size = 2 ** Math.ceil(Math.log2(count));
    if (this.#options.optimizer || size > MOST_FEW || size >= this.#plan.batchSize) return this;
    const few = this.#few.get(size) ?? new SparseSession(this.#executor, this.#net, this.#state(), { ...this.#options, batchSize: size });
    this.#few.set(size, few);
    return few;
  }

  async snapshot(): Promise<ModelState> {
    this.#checkOpen();
    return this.#state();
  }

  #state(): ModelState {
    const values = new Map<ParamName, Float32Array>();
    const momentum = new Map<ParamName, Float32Array>();
    for (const [param, place] of this.#plan.place.params) {
      values.set(param, this.#floats.slice(place.values, place.values + place.count));
      if (!this.#options.optimizer || !place.trainable) continue;
      const at = this.#momentumAt(param);
      momentum.set(param, this.#floats.slice(at, at + place.count));
    }
    const state = { spec: this.#net.spec, topology: new Map(this.#topology), values, step: this.#step };
    return this.#options.optimizer ? { ...state, momentum } : state;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    this.#few.clear();
    this.#floats = new Float32Array();
    this.#ints = new Int32Array();
  }

  #run(program: (typeof PROGRAMS)[number], batch: number): void {
    this.#executor.run(this.#programs[program], this.#floats, this.#ints, this.#plan.place.arena.lanes, batch);
  }

  #pack(): void {
    if (!this.#packed) this.#run('pack', 1);
    this.#packed = true;
  }

  #momentumAt(param: ParamName): number {
    const { params, trained } = this.#plan.place;
    return params.get(param)!.values - trained.values + trained.momentum;
  }

  #gradientAt(param: ParamName): number {
    const { params, trained } = this.#plan.place;
    return params.get(param)!.values - trained.values + trained.gradients;
  }

  /** Values at `start`, one per live position, into the order of another topology; what was not there before is 0. */
  #move(start: number, before: Uint32Array, after: Uint32Array): void {
    const old = this.#floats.slice(start, start + before.length);
    for (let i = 0, k = 0; k < after.length; k++) {
      while (i < before.length && before[i]! < after[k]!) i++;
      this.#floats[start + k] = before[i] === after[k] ? old[i]! : 0;
    }
  }

  #checkOpen(): void {
    if (!this.#open) throw new SparseError('INVALID_ARGUMENT', 'session', 'an open session', 'one that was disposed of');
  }

  #checkTrained(param: ParamName): { count: number } {
    const place = this.#plan.place.params.get(param);
    if (!place?.trainable) throw new SparseError('INVALID_ARGUMENT', 'gradient', 'a trained parameter', param);
    if (!this.#options.optimizer)
      throw new SparseError('INVALID_ARGUMENT', 'gradient', 'a session that was opened with an optimizer', 'one that predicts');
    return place;
  }

  /** @returns whether dense gradients are to be kept */
  #checkStep(batch: Batch, options: StepOptions): boolean {
    if (!this.#options.optimizer)
      throw new SparseError('INVALID_ARGUMENT', 'trainStep', 'a session that was opened with an optimizer', 'one that predicts');
    const { size, images, labels } = batch;
    if (!Number.isInteger(size) || size < 1 || size > this.#plan.batchSize)
      throw new SparseError('SHAPE_MISMATCH', 'batch.size', `1 to ${this.#plan.batchSize} samples`, size);
    if (images.length !== size * this.#imageSize)
      throw new SparseError('SHAPE_MISMATCH', 'batch.images', `${size} x ${this.#imageSize} values`, images.length);
    if (labels.length !== size) throw new SparseError('SHAPE_MISMATCH', 'batch.labels', `${size} labels`, labels.length);
    for (const label of labels)
      if (label < 0 || label >= this.#net.classes)
        throw new SparseError('INVALID_ARGUMENT', 'batch.labels', `class indices from 0 to ${this.#net.classes - 1}`, label);
    const keep = options.keep ?? [];
    for (const signal of keep)
      if (!(this.#options.signals ?? []).includes(signal))
        throw new SparseError(
          'ENGINE_LACKS_SIGNAL',
          `keep ${signal}`,
          'a signal that the session was opened with',
          this.#options.signals ?? [],
        );
    return keep.length > 0;
  }
}
