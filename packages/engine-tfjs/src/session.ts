/**
 * A session: parameters, moments and masks as tensors on the device. A step is sent there as a whole; what comes back is its loss and the
 * count of right answers, and else only what is asked for.
 */
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
  type LayerTopology,
  type ModelState,
  type Network,
  type OpenOptions,
  type OptimizerSpec,
  type ParamInfo,
  type ParamName,
  type PredictOptions,
  type Session,
  type Signal,
  SparseError,
  type StepOptions,
  type Stepped,
  type StepResult,
  type TopologyDelta,
  traceDeltas,
  treatmentOf,
} from '@freetickets/sparse-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { crossEntropy } from './cross-entropy.ts';
import { paramInward, paramOutward, positionsInward, samplesInward, samplesOutward } from './layout.ts';
import type { Pass } from './operations/computed.ts';
import { backwardPass, forwardPass, predictPass } from './passes.ts';
import { type Tensorflow, tidied } from './tensorflow.ts';
import { clipFactor, normOf, updated } from './update.ts';

const ROWS = ['values', 'momentum', 'secondMoments'] as const;
type Row = (typeof ROWS)[number];
/** By parameter. Replaced, never written to: a tensor does not change. */
type Tensors = Map<ParamName, Tensor>;

export function openSession(tf: Tensorflow, net: Network, state: ModelState, options: OpenOptions): Session {
  checkState(net, state);
  checkOptions({ deadMomentum: true }, options);
  return new TfjsSession(tf, net, state, options);
}

class TfjsSession implements Session {
  readonly #tf: Tensorflow;
  readonly #backend: string;
  readonly #net: Network;
  readonly #options: OpenOptions;
  readonly #topology: Map<ParamName, LayerTopology>;
  /** What is kept of each parameter: all have values, trained ones the moments of the optimizer. */
  readonly #rows: Readonly<Record<Row, Tensors>> = { values: new Map(), momentum: new Map(), secondMoments: new Map() };
  /** Of sparse weights: 1 where they live, else 0. */
  readonly #masks: Tensors = new Map();
  /** Of the last step, dense. */
  readonly #gradients: Tensors = new Map();
  readonly #shapes: ReadonlyMap<string, readonly number[]>;
  readonly #places: ReadonlyMap<string, number>;
  #step: number;
  #stepped: Stepped = 'never';
  /** Sparse weights that changed since the last step: its gradients are not those of the weights that live now. */
  readonly #rewired = new Set<ParamName>();
  #open = true;

  constructor(tf: Tensorflow, net: Network, state: ModelState, options: OpenOptions) {
    this.#tf = tf;
    this.#backend = tf.getBackend();
    this.#net = net;
    this.#options = options;
    this.#topology = new Map(state.topology);
    this.#shapes = net.shapes;
    this.#places = new Map(net.spec.nodes.map(({ id }, k) => [id, k]));
    const goesOn = this.#rowsOf().every((row) => state[row]);
    this.#step = goesOn ? state.step : 0;
    this.#compute(() => {
      for (const [param, info] of net.params) {
        for (const row of this.#rowsOf(info)) {
          const given = goesOn || row === 'values' ? state[row]?.get(param) : undefined;
          const dense = goesOn && row === 'momentum' && options.deadMomentum ? state.denseMomentum?.get(param) : undefined;
          if (dense) this.#put(this.#rows[row], param, paramInward(tf, info, dense.slice()));
          else this.#put(this.#rows[row], param, given ? this.#inward(param, given) : tf.zerosLike(this.#rows.values.get(param)!));
        }
        const live = this.#topology.get(param)?.live;
        if (live && options.optimizer) this.#put(this.#masks, param, this.#inward(param, new Float32Array(live.length).fill(1)));
      }
    });
  }

  async trainStep(batch: Batch, options: StepOptions): Promise<StepResult> {
    checkOpen(this.#open);
    const keep = checkStep(this.#net, this.#options, batch, options);
    const { report, running } = this.#compute((tf) => this.#passes(tf, batch, options));
    this.#stepped = keep ? 'kept' : 'plain';
    this.#rewired.clear();
    // Only a guard has to be asked before anything is changed; else the update is on its way before the report is back.
    const guarded = options.guard && guardedResult(await read(report), options.guard.maxNorm);
    if (this.#open && (options.update ?? true) && guarded?.refused === undefined) this.#update(options.learningRate, running);
    else this.#tf.dispose(running);
    if (guarded) return guarded;
    const [loss, correct] = (await read(report)) as unknown as [number, number];
    return { loss, correct };
  }

  /** There and back: puts the gradients away. @returns what is read back (with a guard also the norm of the gradients), and new running statistics */
  #passes(tf: Tensorflow, batch: Batch, { dropoutSeed, guard }: StepOptions): { report: Tensor; running: Record<ParamName, Tensor> } {
    const pass = this.#pass({ training: true, dropoutSeed });
    const found = forwardPass(this.#net, pass, this.#images(batch));
    const { report, gradient } = crossEntropy(tf, this.#net, found.get(this.#net.spec.output)!.output, batch, this.#options.loss);
    const { params } = backwardPass(this.#net, pass, found, gradient, 'params');
    for (const [param, { trainable }] of this.#net.params)
      if (trainable) this.#put(this.#gradients, param, params.get(param) ?? tf.zerosLike(this.#rows.values.get(param)!));
    const running: Record<ParamName, Tensor> = {};
    for (const [node, { running: statistics = {} }] of found)
      for (const [key, value] of Object.entries(statistics)) running[`${node}.${key}` as ParamName] = value;
    return { report: guard ? tf.concat([report, tf.reshape(normOf(tf, this.#liveGradients()), [1])]) : report, running };
  }

  async gradient(param: ParamName): Promise<Float32Array> {
    checkOpen(this.#open);
    checkTrained(this.#net, this.#options, param);
    checkGradient(param, this.#stepped, this.#rewired);
    return this.#stored(this.#gradients, param);
  }

  async signal(param: ParamName, which: Signal): Promise<Float32Array> {
    checkOpen(this.#open);
    checkTrained(this.#net, this.#options, param);
    if (!this.#topology.has(param)) return this.gradient(param);
    checkSignal(this.#options, which, this.#stepped);
    return this.#outward(this.#gradients, param);
  }

  async rewire(deltas: readonly TopologyDelta[]): Promise<void> {
    checkOpen(this.#open);
    const changes = traceDeltas(this.#topology, deltas);
    this.#compute(() => {
      for (const { param, after, dropped, grown } of changes) {
        const info = this.#net.params.get(param)!;
        const positions = positionsInward(info, Uint32Array.from([...dropped, ...grown]));
        const stays = (row: Row) => row === 'momentum' && this.#options.deadMomentum;
        for (const row of this.#rowsOf(info))
          if (!stays(row)) this.#scatter(this.#rows[row], param, positions, new Float32Array(positions.length));
        this.#scatter(
          this.#masks,
          param,
          positions,
          Float32Array.from(positions, (_, k) => (k < dropped.length ? 0 : 1)),
        );
        this.#topology.set(param, after);
        this.#rewired.add(param);
      }
    });
  }

  async predict(images: Float32Array, size: number, options: PredictOptions = {}): Promise<Float32Array> {
    checkOpen(this.#open);
    checkPrediction(this.#net, images, size, options);
    const outputs = this.#net.heads * this.#net.classes;
    const imageSize = images.length / size;
    const logits = new Float32Array(size * outputs);
    for (let start = 0; start < size; start += this.#options.batchSize) {
      checkOpen(this.#open);
      const count = Math.min(this.#options.batchSize, size - start);
      const part = { size: count, images: images.subarray(start * imageSize, (start + count) * imageSize) };
      const found = this.#compute(() => predictPass(this.#net, this.#pass({ first: start, ...options }), this.#images(part)));
      logits.set(await read(found), start * outputs);
    }
    return logits;
  }

  async inputGradient(batch: Batch): Promise<Float32Array> {
    checkOpen(this.#open);
    checkInputGradient(this.#net, this.#options, batch);
    const found = this.#compute((tf) => {
      const pass = this.#pass({});
      const images = this.#images(batch);
      const computed = forwardPass(this.#net, pass, images);
      const { gradient } = crossEntropy(tf, this.#net, computed.get(this.#net.spec.output)!.output, batch, this.#options.loss);
      return samplesOutward(tf, backwardPass(this.#net, pass, computed, gradient, 'images').images ?? tf.zerosLike(images));
    });
    return read(found);
  }

  async snapshot(): Promise<ModelState> {
    checkOpen(this.#open);
    const state = { spec: this.#net.spec, topology: new Map(this.#topology), step: this.#step };
    // All are taken before the first is read: what is awaited in between may be a step.
    const taken = this.#rowsOf().map(
      (row) => [row, taking(this.#rows[row].keys(), (param) => this.#stored(this.#rows[row], param))] as const,
    );
    const dense = this.#options.deadMomentum && taking(this.#topology.keys(), (param) => this.#outward(this.#rows.momentum, param));
    const rows: [Row | 'denseMomentum', ReadonlyMap<ParamName, Float32Array>][] = [];
    for (const [row, found] of taken) rows.push([row, await found]);
    if (dense) rows.push(['denseMomentum', await dense]);
    return { ...state, ...(Object.fromEntries(rows) as Pick<ModelState, Row | 'denseMomentum'>) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#open = false;
    for (const tensors of [...Object.values(this.#rows), this.#masks, this.#gradients]) {
      for (const tensor of tensors.values()) tensor.dispose();
      tensors.clear();
    }
  }

  /** Runs `work` at once and releases every tensor that it leaves behind, but for what it returns or has put away. */
  #compute<T>(work: (tf: Tensorflow) => T): T {
    const backend = this.#tf.getBackend();
    if (backend !== this.#backend)
      throw new SparseError('INVALID_ARGUMENT', 'TensorFlow.js', `the backend ${this.#backend} that the session was opened on`, backend);
    return tidied(this.#tf, () => work(this.#tf));
  }

  #pass(over: Partial<Pass>): Pass {
    return {
      tf: this.#tf,
      params: this.#rows.values,
      training: false,
      first: 0,
      shapeOf: (id) => this.#shapes.get(id)!,
      indexOf: (id) => this.#places.get(id)!,
      ...over,
    };
  }

  #images({ images, size }: Pick<Batch, 'images' | 'size'>): Tensor {
    return samplesInward(this.#tf, images, size, this.#shapes.get('input')!);
  }

  #update(learningRate: number, running: Readonly<Record<ParamName, Tensor>>): void {
    const { optimizer, deadMomentum } = this.#options as OpenOptions & { readonly optimizer: OptimizerSpec };
    this.#step++;
    this.#compute((tf) => {
      const factor = optimizer.clipNorm === undefined ? undefined : clipFactor(tf, this.#liveGradients(), optimizer.clipNorm);
      for (const [param, gradient] of this.#gradients) {
        const [values, momentum, secondMoments] = ROWS.map((row) => this.#rows[row].get(param)) as [Tensor, Tensor, Tensor | undefined];
        const treatment = treatmentOf(optimizer, this.#net.params.get(param)!.kind);
        const step = { learningRate, step: this.#step };
        const next = tidied(tf, () => {
          const clipped = factor ? tf.mul(gradient, factor) : gradient;
          const slope = deadMomentum ? clipped : this.#masked(param, clipped);
          const moved = updated(tf, optimizer, treatment, step, { values, momentum, secondMoments }, slope);
          return deadMomentum ? { ...moved, values: this.#masked(param, moved.values) } : moved;
        });
        for (const [row, tensor] of Object.entries(next)) this.#put(this.#rows[row as Row], param, tensor);
      }
    });
    for (const [param, statistic] of Object.entries(running)) this.#put(this.#rows.values, param as ParamName, statistic);
  }

  #masked(param: ParamName, tensor: Tensor): Tensor {
    const mask = this.#masks.get(param);
    return mask ? this.#tf.mul(tensor, mask) : tensor;
  }

  /** Gradients of the last step, 0 where nothing lives. */
  #liveGradients(): Tensor[] {
    return [...this.#gradients].map(([param, gradient]) => this.#masked(param, gradient));
  }

  /** Rows that a session has, or that a parameter has in it. */
  #rowsOf(info?: ParamInfo): readonly Row[] {
    const { optimizer } = this.#options;
    if (!optimizer || info?.trainable === false) return ['values'];
    return optimizer.kind === 'adamw' ? ROWS : ['values', 'momentum'];
  }

  /** Keeps a tensor beyond the computation that made it, and releases the one whose place it takes. */
  #put(tensors: Tensors, param: ParamName, tensor: Tensor): void {
    tensors.get(param)?.dispose();
    tensors.set(param, this.#tf.keep(tensor));
  }

  #scatter(tensors: Tensors, param: ParamName, positions: Int32Array, numbers: Float32Array): void {
    const tf = this.#tf;
    const tensor = tensors.get(param);
    if (!tensor || positions.length === 0) return;
    const indices = tf.tensor2d(positions, [positions.length, 1], 'int32');
    const changed = tf.tensorScatterUpdate(tf.reshape(tensor, [-1]), indices, tf.tensor1d(numbers));
    this.#put(tensors, param, tf.reshape(changed, tensor.shape));
  }

  /** @param values as a state has them: of a sparse weight those that live */
  #inward(param: ParamName, values: Float32Array): Tensor {
    const info = this.#net.params.get(param)!;
    const live = this.#topology.get(param)?.live;
    const dense = live ? new Float32Array(info.size) : values.slice();
    live?.forEach((position, k) => {
      dense[position] = values[k]!;
    });
    return paramInward(this.#tf, info, dense);
  }

  /** Over all positions; a copy. */
  #outward(tensors: Tensors, param: ParamName): Promise<Float32Array> {
    return read(this.#compute((tf) => tf.clone(paramOutward(tf, this.#net.params.get(param)!, tensors.get(param)!))));
  }

  /** As a state has them. */
  async #stored(tensors: Tensors, param: ParamName): Promise<Float32Array> {
    const live = this.#topology.get(param)?.live;
    const dense = await this.#outward(tensors, param);
    return live ? Float32Array.from(live, (position) => dense[position]!) : dense;
  }
}

function guardedResult(report: Float32Array, maxNorm = Number.MAX_VALUE): StepResult {
  const [loss, correct, norm] = report as unknown as [number, number, number];
  if (!Number.isFinite(loss)) return { loss, correct, norm, refused: 'loss' };
  return norm <= maxNorm ? { loss, correct, norm } : { loss, correct, norm, refused: 'gradient' };
}

/** Asks for all at once. */
async function taking(
  params: Iterable<ParamName>,
  take: (param: ParamName) => Promise<Float32Array>,
): Promise<ReadonlyMap<ParamName, Float32Array>> {
  return new Map(await Promise.all([...params].map(async (param) => [param, await take(param)] as const)));
}

/** The numbers of a tensor, which is released. */
async function read(tensor: Tensor): Promise<Float32Array> {
  const numbers = (await tensor.data()) as Float32Array;
  tensor.dispose();
  return numbers.slice(); // the processor's backend gives out what it keeps
}
