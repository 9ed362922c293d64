/**
 * Where the time of a step goes: every operation of a plan is run and timed alone, in the order of the plan, and the times are added up for
 * each layer (forward, gradient of its input, gradient of its weights) and for what lies between the layers. For benchmarks; a session
 * never comes here.
 */
import { type ModelState, type Network, type NodeId, rng, SparseError, type Topology } from '@freetickets/sparse-core';
import { nativeExecutor } from './native.node.ts';
import type { Operation } from './ops.ts';
import type { LayerPlace, PlacementOptions } from './placement.ts';
import { indexLayer, makePlan, type Plan } from './plan.ts';
import { referenceExecutor } from './reference.ts';
import type { Executor } from './session.ts';
import { wasmExecutor } from './wasm.ts';

export interface ProfileOptions {
  /** Images of one run. */
  readonly batchSize: number;
  /** A training step with its update (default), or a prediction. */
  readonly train?: boolean;
  /** Of the native kernels; the others have one. Default: the processors this process may use. */
  readonly threads?: number;
  /** `native` (default), an instruction set as in `native/avx2`, `wasm`, one of its variants as in `wasm/plain`, or `reference`. */
  readonly engine?: string;
}

export interface LayerProfile {
  readonly node: NodeId;
  /** Channels of the input and the output, or features. */
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  /** Of the output. */
  readonly height: number;
  readonly width: number;
  /** Positions, live and dead. */
  readonly weights: number;
  readonly live: number;
  /** Floating-point operations of the live weights in each of the passes below, two per multiply-add, for the whole batch. */
  readonly flops: number;
  readonly forwardMs: number;
  /** Absent where nothing before the layer is trained, and in predictions. */
  readonly inputGradientMs?: number;
  /** Absent in predictions. */
  readonly weightGradientMs?: number;
}

export interface OperationProfile {
  readonly operation: string;
  readonly count: number;
  readonly milliseconds: number;
}

/** Times are the least of all runs (since `forget`), in milliseconds. */
export interface Profile {
  readonly engine: string;
  readonly runs: number;
  readonly layers: readonly LayerProfile[];
  /** What belongs to no layer, by kind of operation, longest first. */
  readonly between: readonly OperationProfile[];
  readonly betweenMs: number;
  /** All operations, each timed alone. */
  readonly sumMs: number;
  /** All operations in one call, as a session runs them. */
  readonly wholeMs: number;
}

export interface Profiler {
  readonly engine: string;
  /** Runs everything once as a whole and once operation by operation. */
  run(): void;
  /**
   * Runs the operations of one layer once, those of each pass in one call. Profiles do not know of it. Meant for after a run, which fills what
   * the layer reads.
   * @throws SparseError INVALID_ARGUMENT for a node that is no layer
   */
  runLayer(node: NodeId): LayerProfile;
  /** Starts over: profiles tell of the runs after it only. */
  forget(): void;
  /** @throws SparseError INVALID_ARGUMENT before the first run */
  profile(): Profile;
}

/**
 * Plans a network with its topology and fills it with random images; nothing learns, whatever the number of runs.
 * @throws SparseError KERNELS_UNAVAILABLE, or INVALID_ARGUMENT for an engine that nobody knows
 */
export async function openProfiler(net: Network, state: ModelState, options: ProfileOptions): Promise<Profiler> {
  return new PlanProfiler(await executorOf(options.engine ?? 'native', options.threads), net, state, options);
}

/** Bytes that a session plans for: parameters, activations, gradients and index arrays. Known before anything is allocated. */
export function plannedBytes(net: Network, topology: Topology, options: Pick<ProfileOptions, 'batchSize' | 'train'>): number {
  const { arena } = makePlan(net, topology, placementOptions(options)).place;
  return 4 * (arena.floatCount + arena.intCount);
}

const placementOptions = ({ batchSize, train = true }: Pick<ProfileOptions, 'batchSize' | 'train'>): PlacementOptions => ({
  batchSize,
  train,
  denseGradients: false,
});

async function executorOf(engine: string, threads: number | undefined): Promise<Executor> {
  const [kind, variant] = engine.split('/', 2);
  if (kind === 'native') return nativeExecutor(variant, threads) as Executor;
  if (kind === 'wasm') return (await wasmExecutor(variant)) as Executor;
  if (engine === 'reference') return referenceExecutor() as Executor;
  throw new SparseError('INVALID_ARGUMENT', 'engine', 'native, native/<instruction set>, wasm, wasm/<variant> or reference', engine);
}

/** What an operation is to its layer. */
type Pass = 'forwardMs' | 'inputGradientMs' | 'weightGradientMs';

interface Timed {
  readonly operation: Operation;
  readonly program: unknown;
  readonly owner: { readonly layer: LayerPlace; readonly pass: Pass } | undefined;
  leastMs: number;
}

class PlanProfiler implements Profiler {
  readonly #executor: Executor;
  readonly #plan: Plan;
  readonly #floats: Float32Array;
  readonly #ints: Int32Array;
  readonly #whole: unknown;
  readonly #timed: readonly Timed[];
  /** Programs of one pass of one layer. */
  readonly #passes = new Map<string, unknown>();
  #wholeMs = Number.POSITIVE_INFINITY;
  #runs = 0;

  constructor(executor: Executor, net: Network, state: ModelState, options: ProfileOptions) {
    this.#executor = executor;
    this.#plan = makePlan(net, state.topology, { ...placementOptions(options), rowTiles: executor.rowTiles });
    const { place, pack, step, update, predict } = this.#plan;
    const { floats, ints } = executor.allocate(place.arena.floatCount, place.arena.intCount);
    this.#floats = floats;
    this.#ints = ints;
    this.#fill(net, state);
    const operations = [...pack, ...((options.train ?? true) ? [...step, ...update] : predict)];
    this.#whole = executor.compile(operations);
    this.#timed = operations.map((operation) => ({
      operation,
      program: executor.compile([operation]),
      owner: ownerOf(this.#plan, operation),
      leastMs: Number.POSITIVE_INFINITY,
    }));
  }

  get engine(): string {
    return this.#executor.name;
  }

  run(): void {
    this.#wholeMs = Math.min(this.#wholeMs, this.#time(this.#whole));
    for (const timed of this.#timed) timed.leastMs = Math.min(timed.leastMs, this.#time(timed.program));
    this.#runs++;
  }

  runLayer(node: NodeId): LayerProfile {
    const layer = this.#plan.place.layers.get(node);
    if (!layer) throw new SparseError('INVALID_ARGUMENT', 'node', 'a convolution or linear layer', node);
    const milliseconds: Partial<Record<Pass, number>> = {};
    for (const pass of ['forwardMs', 'inputGradientMs', 'weightGradientMs'] as const) {
      const own = this.#timed.filter(({ owner }) => owner?.layer === layer && owner.pass === pass);
      if (own.length > 0) milliseconds[pass] = this.#time(this.#together(own, `${node}/${pass}`));
    }
    return { ...this.#layer(layer), ...milliseconds };
  }

  #together(timed: readonly Timed[], key: string): unknown {
    const program = this.#passes.get(key) ?? this.#executor.compile(timed.map(({ operation }) => operation));
    this.#passes.set(key, program);
    return program;
  }

  forget(): void {
    this.#wholeMs = Number.POSITIVE_INFINITY;
    for (const timed of this.#timed) timed.leastMs = Number.POSITIVE_INFINITY;
    this.#runs = 0;
  }

  profile(): Profile {
    if (this.#runs === 0) throw new SparseError('INVALID_ARGUMENT', 'profile', 'at least one run before it', 0);
    const between = this.#between();
    return {
      engine: this.engine,
      runs: this.#runs,
      layers: [...this.#plan.place.layers.values()].map((layer) => this.#layer(layer)),
      between,
      betweenMs: between.reduce((sum, { milliseconds }) => sum + milliseconds, 0),
      sumMs: this.#timed.reduce((sum, { leastMs }) => sum + leastMs, 0),
      wholeMs: this.#wholeMs,
    };
  }

  /** The learning rate stays 0: values, and with them the times, are those of the given state. */
  #fill(net: Network, state: ModelState): void {
    const { place, batchSize } = this.#plan;
    for (const [at, value] of place.constants) this.#floats[at] = value;
    for (const [param, { values }] of place.params) this.#floats.set(state.values.get(param)!, values);
    for (const layer of place.layers.values()) indexLayer(this.#plan, this.#ints, layer, state.topology.get(layer.param)?.live);
    const images = batchSize * net.shapes.get('input')!.reduce((a, b) => a * b, 1);
    const stream = rng(1).stream('profile');
    for (let k = 0; k < images; k++) this.#floats[place.images + k] = 2 * stream.uniform() - 1;
    for (let n = 0; n < batchSize * net.heads; n++) this.#ints[place.labels + n] = n % net.classes;
    if (place.train) this.#ints[place.draw] = 1;
  }

  #time(program: unknown): number {
    const { place, batchSize } = this.#plan;
    const start = performance.now();
    this.#executor.run(program, this.#floats, this.#ints, place.arena.lanes, batchSize);
    return performance.now() - start;
  }

  #layer(layer: LayerPlace): LayerProfile {
    const { node, window, count } = layer;
    const { height, width } = this.#plan.place.tensor(node.id);
    const milliseconds: Partial<Record<Pass, number>> = {};
    for (const { owner, leastMs } of this.#timed)
      if (owner?.layer === layer) milliseconds[owner.pass] = (milliseconds[owner.pass] ?? 0) + leastMs;
    return {
      node: node.id,
      inputs: window.inputs,
      outputs: window.outputs,
      kernel: window.kernel,
      stride: window.stride,
      height,
      width,
      weights: window.inputs * window.outputs * window.kernel ** 2,
      live: count,
      flops: 2 * count * height * width * this.#plan.batchSize,
      forwardMs: 0,
      ...milliseconds,
    };
  }

  #between(): OperationProfile[] {
    const kinds = new Map<string, { count: number; milliseconds: number }>();
    for (const { operation, owner, leastMs } of this.#timed) {
      if (owner) continue;
      const { count, milliseconds } = kinds.get(operation.op) ?? { count: 0, milliseconds: 0 };
      kinds.set(operation.op, { count: count + 1, milliseconds: milliseconds + leastMs });
    }
    return [...kinds].map(([operation, sums]) => ({ operation, ...sums })).sort((a, b) => b.milliseconds - a.milliseconds);
  }
}

/** The layer whose index arrays an operation reads: packing its weights belongs to the pass that multiplies them. */
function ownerOf({ place }: Plan, operation: Operation): Timed['owner'] {
  for (const layer of place.layers.values()) {
    if (operation.op === 'pack') {
      if (operation.order === layer.forward.order) return { layer, pass: 'forwardMs' };
      if (operation.order === layer.backward?.order) return { layer, pass: 'inputGradientMs' };
      if (operation.order === layer.positions) return { layer, pass: 'weightGradientMs' };
    }
    if (operation.op === 'reduce' && operation.order === layer.forward.order) return { layer, pass: 'weightGradientMs' };
    if (!('taps' in operation)) continue;
    if (operation.taps === layer.backward?.taps) return { layer, pass: 'inputGradientMs' };
    if (operation.taps === layer.forward.taps) return { layer, pass: operation.op.endsWith('Gradient') ? 'weightGradientMs' : 'forwardMs' };
  }
  return undefined;
}
