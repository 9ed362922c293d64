/** A session: one arena, one plan, one executor. Checks what comes in, stages it, runs, reads out. */
import {
  type Batch,
  checkGradient,
  checkInputGradient,
  checkOpen,
  checkOptions,
  checkPrediction,
  checkSignal,
  checkState,
  checkStep,
  checkTrained,
  dropoutDraw,
  type LayerTopology,
  type ModelState,
  type Network,
  type OpenOptions,
  type ParamName,
  type PredictOptions,
  type Session,
  type ShardedSteps,
  type ShardResult,
  type Signal,
  SparseError,
  type StepOptions,
  type Stepped,
  type StepResult,
  type TopologyDelta,
  traceDeltas,
} from '@freetickets/sparse-core';
import { gathered, meansOf, scatter } from './means.ts';
import { FULL, type Operation } from './ops.ts';
import { indexDense, indexLayer, makePlan, type Plan } from './plan.ts';
import { HYPER, hyperOf } from './update.ts';

/** What an executor gives a session to work in. */
export interface Memory {
  readonly floats: Float32Array;
  readonly ints: Int32Array;
}

/** Runs operations over an arena. A program is whatever an executor makes of a list of operations. */
export interface Executor<Program = unknown> {
  readonly name: string;
  /** How its tiles lie: see `PlacementOptions`. */
  readonly rowTiles?: boolean;
  /** Zeros; the floats start at a multiple of 64 bytes where that matters. Other arrays than these are not to be run on. */
  allocate(floats: number, ints: number): Memory;
  compile(operations: readonly Operation[]): Program;
  run(program: Program, floats: Float32Array, ints: Int32Array, lanes: number, batch: number): void;
}

/** Images that a plan of few takes at once; what would not fill a vector goes through it in pieces, faster than through a block with gaps. */
const MOST_FEW = 4;

const PROGRAMS = ['pack', 'predict', 'step', 'keepStep', 'update', 'inputGradient'] as const;

export function openSession<Program>(executor: Executor<Program>, net: Network, state: ModelState, options: OpenOptions): Session {
  checkState(net, state);
  checkOptions({}, options);
  return new SparseSession(executor, net, state, options);
}

class SparseSession<Program> implements Session {
  readonly #executor: Executor<Program>;
  readonly #net: Network;
  readonly #options: OpenOptions;
  readonly #plan: Plan;
  readonly #programs: Readonly<Record<(typeof PROGRAMS)[number], Program>>;
  readonly #marking = new Map<ParamName, Program>();
  readonly #topology: Map<ParamName, LayerTopology>;
  readonly #imageSize: number;
  #floats: Float32Array;
  #ints: Int32Array;
  #step: number;
  /** For values that move; kept, for new memory takes as long as what is done in it. */
  #moved = new Float32Array();
  #packed = false;
  #stepped: Stepped = 'never';
  /** Sparse weights that changed since the last step: its gradients are not those of the weights that live now. */
  readonly #rewired = new Set<ParamName>();
  readonly #few = new Map<number, SparseSession<Program>>();
  #open = true;

  constructor(executor: Executor<Program>, net: Network, state: ModelState, options: OpenOptions) {
    this.#executor = executor;
    this.#net = net;
    this.#options = options;
    this.#topology = new Map(state.topology);
    const rows = this.#moments();
    const goesOn = rows.every((row) => state[row]);
    this.#step = goesOn ? state.step : 0;
    this.#imageSize = net.shapes.get('input')!.reduce((a, b) => a * b, 1);
    const denseGradients = options.optimizer !== undefined && (options.signals ?? []).includes('gradient');
    const { optimizer, loss, inputGradients } = options;
    const train = optimizer !== undefined;
    const few = !train && !inputGradients && options.batchSize < FULL;
    const batchSize = few ? Math.min(MOST_FEW, options.batchSize) : options.batchSize;
    this.#plan = makePlan(net, state.topology, {
      batchSize,
      train,
      denseGradients,
      optimizer,
      loss,
      inputGradients,
      rowTiles: executor.rowTiles,
    });
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
    if (goesOn) for (const row of rows) for (const [param, values] of state[row]!) this.#floats.set(values, this.#trainedAt(param, row));
    for (const layer of place.layers.values()) indexLayer(this.#plan, this.#ints, layer, this.#topology.get(layer.param)?.live);
    indexDense(this.#plan, this.#ints);
  }

  async trainStep(batch: Batch, options: StepOptions): Promise<StepResult> {
    checkOpen(this.#open);
    const keep = checkStep(this.#net, this.#options, batch, options);
    return this.#finish(this.#compute(batch, 0, keep, options.dropoutSeed), batch.size, options);
  }

  readonly sharded: ShardedSteps = {
    compute: async (shard, first, options) => {
      checkOpen(this.#open);
      const keep = checkStep(this.#net, this.#options, shard, { learningRate: 0, ...options });
      const sums = this.#compute(shard, first, keep, options.dropoutSeed);
      return { ...sums, means: gathered(this.#floats, meansOf(this.#plan.place, keep)) };
    },
    finish: async (whole, size, options) => {
      checkOpen(this.#open);
      const keep = (options.keep ?? []).length > 0;
      scatter(whole.means, this.#floats, meansOf(this.#plan.place, keep));
      this.#stepped = keep ? 'kept' : 'plain';
      return this.#finish(whole, size, options);
    },
    values: () => {
      checkOpen(this.#open);
      const { values, count } = this.#plan.place.trained;
      return this.#floats.subarray(values, values + count);
    },
    setValues: (values) => {
      checkOpen(this.#open);
      const { trained } = this.#plan.place;
      if (values.length !== trained.count)
        throw new SparseError('SHAPE_MISMATCH', 'values', `${trained.count} values that are trained`, values.length);
      this.#floats.set(values, trained.values);
      this.#packed = false;
    },
  };

  /** Forward and backward: gradients stand in the arena then. */
  #compute(batch: Batch, first: number, keep: boolean, dropoutSeed: number | undefined): Omit<ShardResult, 'means'> {
    const { place } = this.#plan;
    this.#stage(batch);
    this.#stageDraw(dropoutSeed, first);
    this.#pack();
    this.#run(keep ? 'keepStep' : 'step', batch.size);
    this.#stepped = keep ? 'kept' : 'plain';
    this.#rewired.clear();
    let [loss, correct] = [0, 0];
    for (let n = 0; n < batch.size; n++) {
      loss += this.#floats[place.loss + n]!;
      correct += this.#floats[place.correct + n]!;
    }
    return { loss, correct };
  }

  #finish({ loss, correct }: Omit<ShardResult, 'means'>, size: number, options: StepOptions): StepResult {
    const guarded = options.guard && this.#guarded(loss, options.guard.maxNorm);
    if ((options.update ?? true) && guarded?.refused === undefined) {
      this.#stageHyper(options.learningRate);
      this.#run('update', size);
      this.#packed = false;
      this.#step++;
    }
    return { loss: loss / size, correct, ...guarded };
  }

  #guarded(loss: number, maxNorm = Number.MAX_VALUE): Pick<StepResult, 'norm' | 'refused'> {
    const { gradients, count } = this.#plan.place.trained;
    let squares = 0;
    for (let i = gradients; i < gradients + count; i++) squares += this.#floats[i]! * this.#floats[i]!;
    const norm = Math.sqrt(squares);
    if (!Number.isFinite(loss)) return { norm, refused: 'loss' };
    return norm <= maxNorm ? { norm } : { norm, refused: 'gradient' };
  }

  async gradient(param: ParamName): Promise<Float32Array> {
    checkOpen(this.#open);
    checkTrained(this.#net, this.#options, param);
    checkGradient(param, this.#stepped, this.#rewired);
    const at = this.#trainedAt(param, 'gradients');
    return this.#floats.slice(at, at + this.#plan.place.params.get(param)!.count);
  }

  async signal(param: ParamName, which: Signal): Promise<Float32Array> {
    checkOpen(this.#open);
    checkTrained(this.#net, this.#options, param);
    if (!this.#topology.has(param)) return this.gradient(param);
    const at = this.#keptAt(param, which);
    return this.#floats.subarray(at, at + this.#net.params.get(param)!.size);
  }

  marks(param: ParamName, which: Signal, least: number): Int32Array {
    checkOpen(this.#open);
    if (!this.#topology.has(param)) throw new SparseError('INVALID_ARGUMENT', 'marks', 'a sparse weight', param);
    const { marks, arena } = this.#plan.place;
    const start = this.#keptAt(param, which);
    const count = this.#net.params.get(param)!.size;
    const program = this.#marking.get(param) ?? this.#executor.compile([{ op: 'mark', in: start, count, ...marks }]);
    this.#marking.set(param, program);
    this.#floats[marks.least] = least;
    this.#executor.run(program, this.#floats, this.#ints, arena.lanes, 1);
    return new Int32Array(this.#floats.buffer, this.#floats.byteOffset + 4 * marks.out, Math.ceil(count / 32));
  }

  /** Where a signal lies that the last step kept. */
  #keptAt(param: ParamName, which: Signal): number {
    checkSignal(this.#options, which, this.#stepped);
    return this.#plan.place.params.get(param)!.denseGradient;
  }

  async rewire(deltas: readonly TopologyDelta[]): Promise<void> {
    checkOpen(this.#open);
    const changes = traceDeltas(this.#topology, deltas);
    this.#few.clear();
    for (const { param, after, from } of changes) {
      const { values } = this.#plan.place.params.get(param)!;
      this.#move(values, from);
      for (const row of this.#moments()) this.#move(this.#trainedAt(param, row), from);
      this.#topology.set(param, after);
      this.#rewired.add(param);
    }
    for (const layer of this.#plan.place.layers.values())
      if (changes.some(({ param }) => param === layer.param))
        indexLayer(this.#plan, this.#ints, layer, this.#topology.get(layer.param)!.live);
    this.#packed = false;
  }

  async predict(images: Float32Array, size: number, options: PredictOptions = {}): Promise<Float32Array> {
    checkOpen(this.#open);
    checkPrediction(this.#net, images, size, options);
    const outputs = this.#net.heads * this.#net.classes;
    const logits = new Float32Array(size * outputs);
    for (let start = 0, count = 0; start < size; start += count) {
      const session = this.#sessionFor(size - start);
      count = Math.min(session.#plan.batchSize, size - start);
      const part = images.subarray(start * this.#imageSize, (start + count) * this.#imageSize);
      session.#stageDraw(options.dropoutSeed, start);
      logits.set(session.#predictBatch(part, count), start * outputs);
    }
    return logits;
  }

  async inputGradient(batch: Batch): Promise<Float32Array> {
    checkOpen(this.#open);
    checkInputGradient(this.#net, this.#options, batch);
    this.#stage(batch);
    this.#stageDraw(undefined, 0);
    this.#pack();
    this.#run('inputGradient', batch.size);
    const { images } = this.#plan.place;
    return this.#floats.slice(images, images + batch.images.length);
  }

  #stage({ images, labels, mixed }: Batch): void {
    const { place } = this.#plan;
    this.#floats.set(images, place.images);
    this.#ints.set(labels, place.labels);
    this.#ints.set(mixed?.labels ?? labels, place.mixed);
    if (mixed) this.#floats.set(mixed.shares, place.shares);
    else this.#floats.fill(0, place.shares, place.shares + this.#plan.batchSize);
  }

  /** @param first which sample the first image is */
  #stageDraw(seed: number | undefined, first: number): void {
    this.#ints.set([...dropoutDraw(seed), first], this.#plan.place.draw);
  }

  #stageHyper(learningRate: number): void {
    const { hyper, treatments } = this.#plan.place;
    treatments.forEach((treatment, k) => {
      this.#floats.set(hyperOf(this.#options.optimizer!, treatment, learningRate, this.#step + 1), hyper + k * HYPER);
    });
  }

  #predictBatch(images: Float32Array, count: number): Float32Array {
    const { place } = this.#plan;
    this.#pack();
    this.#floats.set(images, place.images);
    this.#run('predict', count);
    return this.#floats.subarray(place.logits, place.logits + count * this.#net.heads * this.#net.classes);
  }

  /** For the images that are left. For a few a session of its own, made when first needed: the blocks of this one would be mostly empty. */
  #sessionFor(left: number): SparseSession<Program> {
    const size = Math.min(MOST_FEW, 2 ** Math.ceil(Math.log2(left)));
    if (this.#options.optimizer || left >= FULL || size >= this.#plan.batchSize) return this;
    const options = { ...this.#options, batchSize: size, inputGradients: false };
    const few = this.#few.get(size) ?? new SparseSession(this.#executor, this.#net, this.#state(), options);
    this.#few.set(size, few);
    return few;
  }

  async snapshot(): Promise<ModelState> {
    checkOpen(this.#open);
    return this.#state();
  }

  #state(): ModelState {
    const params = [...this.#plan.place.params];
    const copy = (start: number, count: number) => this.#floats.slice(start, start + count);
    const values = new Map(params.map(([param, { values, count }]) => [param, copy(values, count)]));
    const trained = params.filter(([, { trainable }]) => trainable);
    const moments = this.#moments().map((row) => {
      return [row, new Map(trained.map(([param, { count }]) => [param, copy(this.#trainedAt(param, row), count)]))];
    });
    const state = { spec: this.#net.spec, topology: new Map(this.#topology), values, step: this.#step };
    return { ...state, ...Object.fromEntries(moments) };
  }

  /** What the optimizer keeps of every trained parameter. */
  #moments(): readonly ('momentum' | 'secondMoments')[] {
    const { optimizer } = this.#options;
    if (!optimizer) return [];
    return optimizer.kind === 'adamw' ? ['momentum', 'secondMoments'] : ['momentum'];
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

  #trainedAt(param: ParamName, row: 'momentum' | 'secondMoments' | 'gradients'): number {
    const { params, trained } = this.#plan.place;
    return params.get(param)!.values - trained.values + trained[row];
  }

  /** Values at `start`, one per live position, to where a traced delta of as many has them; what has grown is 0. */
  #move(start: number, from: Uint32Array): void {
    const { length } = from;
    const values = this.#floats.subarray(start, start + length);
    if (this.#moved.length <= length) this.#moved = new Float32Array(length + 1);
    const old = this.#moved;
    old.set(values);
    old[length] = 0;
    for (let k = 0; k < length; k++) values[k] = old[from[k]!]!;
  }
}
