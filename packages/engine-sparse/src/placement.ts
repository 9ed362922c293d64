/** Gives every parameter, activation and index array of a network its place in the arena. What is computed there is the plan's business. */
import type { LossSpec, Network, NodeId, NodeSpec, OptimizerSpec, ParamName, Topology, Treatment } from '@freetickets/sparse-core';
import { Arena, type Geometry, type Run, type Tensor } from './arena.ts';
import { blockingOf, PICTURE_LANES, type Tiling } from './blocking.ts';
import { Graph, isLayer, strideOf } from './graph.ts';
import { FLAT_FLOATS, FULL, NO_SHIFTS, PARTIAL } from './ops.ts';
import { runRows, runsOf } from './pitch.ts';
import type { Pool } from './pool.ts';
import { phasesOf, type TapArrays, type Window } from './taps.ts';
import { HYPER, treatments } from './update.ts';

/** Offsets of one parameter's floats; values, momentum and gradient of all trained parameters stand in one row each. */
export interface ParamPlace {
  readonly count: number;
  readonly values: number;
  readonly trainable: boolean;
  /** Dense read-out of a sparse weight's gradient; -1: none. */
  readonly denseGradient: number;
}

/** A convolution or linear layer. */
export interface LayerPlace {
  readonly node: NodeSpec;
  readonly param: ParamName;
  readonly window: Window;
  /** Live weights. */
  readonly count: number;
  readonly input: Tensor;
  /** Columns and rows of the input from one output to the next; 1 also where it is split into phases. */
  readonly step: number;
  readonly forward: TapArrays;
  readonly forwardWeights: number;
  /** Only where the input needs a gradient. */
  readonly backward: TapArrays | undefined;
  readonly backwardWeights: number;
  /** Where gradients of live weights may be read out of dense ones: integers, the positions of the live ones; else -1. */
  readonly positions: number;
}

export interface NormPlace {
  readonly mean: number;
  readonly variance: number;
  readonly inverse: number;
  readonly eps: number;
  readonly momentum: number;
  /** Running statistics folded into one scale and one shift. */
  readonly foldedScale: number;
  readonly foldedShift: number;
}

export interface PlacementOptions {
  readonly batchSize: number;
  readonly train: boolean;
  readonly denseGradients: boolean;
  /** Floats of activations above which the outputs of batch norms are made again in the backward pass instead of kept; default 2^28. */
  readonly mostKept?: number;
  /** Default: SGD. */
  readonly optimizer?: OptimizerSpec | undefined;
  readonly loss?: LossSpec | undefined;
  /** Where nothing is trained: whether the gradient of the images can be computed. */
  readonly inputGradients?: boolean | undefined;
  /** Whether tiles are runs of floats along a row, as in WebAssembly; else they span columns, and rows. */
  readonly rowTiles?: boolean | undefined;
}

/** What is planned for where no optimizer is given. */
export const PLAIN: OptimizerSpec = { kind: 'sgd', momentum: 0, weightDecay: 0 };

/** Groups of batch blocks whose weight gradients are summed apart; fixed, so that the sums do not depend on the number of threads. */
const GROUPS = 4;
/** Images of one block of a layer of one pixel, whose tiles have no columns to span: more than of a picture's. */
const PIXEL_LANES = 128;
/** From this density on a layer is faster with its dead weights as zeros. */
const DENSE_FROM = 0.6;
/** Default of `mostKept`: 1 GiB. */
const MOST_KEPT = 2 ** 28;

interface TapOptions {
  readonly input?: Tensor;
  readonly beside?: boolean;
  readonly phases?: number;
}

export class Placement {
  readonly net: Network;
  readonly graph: Graph;
  readonly arena: Arena;
  readonly train: boolean;
  /** Whether a backward pass follows, for parameters or for images. */
  readonly keeps: boolean;
  readonly params = new Map<ParamName, ParamPlace>();
  readonly layers = new Map<NodeId, LayerPlace>();
  readonly norms = new Map<NodeId, NormPlace>();
  /** Batch norms that a layer's operation applies, where they need no statistics of the batch. */
  readonly fusedNorms = new Set<NodeId>();
  /** What is not kept for the backward pass, by owner: what that does not read, or makes again. */
  readonly dropped = new Set<string>();
  readonly tensors = new Map<NodeId, Tensor>();
  readonly phases = new Map<string, Tensor>();
  /** Constants to be written once: offset and value. */
  readonly constants: (readonly [number, number])[] = [];
  readonly trained: Readonly<Record<'values' | 'momentum' | 'secondMoments' | 'gradients' | 'count', number>>;
  /**
   * Staging for images (batch, C, H, W), labels and second labels (integers, (batch, heads)) and the shares of those, logits
   * (batch, heads, classes), loss and correctness per image, and the step's numbers, `HYPER` for each treatment.
   */
  readonly images: number;
  readonly labels: number;
  readonly mixed: number;
  readonly shares: number;
  readonly logits: number;
  readonly loss: number;
  readonly correct: number;
  readonly hyper: number;
  readonly treatments: readonly Treatment[];
  readonly clip: { readonly limit: number; readonly factor: number };
  /** A bit for each position of the largest weight with a dense gradient, and the least magnitude that is marked. */
  readonly marks: { readonly least: number; readonly out: number };
  readonly smoothing: number;
  /** Whether the losses of heads are added; else averaged. */
  readonly sumsHeads: boolean;
  /** Integers: whether dropout drops, its seed's low and high 32 bits, which sample of a prediction the first image is. */
  readonly draw: number;
  /** What dropout multiplies by, by node. */
  readonly dropoutScales = new Map<NodeId, number>();
  readonly partial: number;
  /** Sums between two blocks of channels, where tiles are runs; else -1. */
  readonly sums: number;
  readonly groups: number;
  /** Whether the values of a training step are too many to keep them all. */
  readonly large: boolean;
  readonly #tiling: Tiling;
  readonly #sparse: ReadonlySet<ParamName>;
  /** What planes are as runs of floats, where few images make them so. */
  readonly #runs: ((key: string) => Run) | undefined;
  #partialFloats = 0;

  /** @param pool from a draft of the same placement: where its tensors can share memory */
  constructor(net: Network, topology: Topology, options: PlacementOptions, pool?: Pool) {
    this.net = net;
    this.train = options.train;
    this.keeps = options.train || options.inputGradients === true;
    const flat = !this.keeps && options.batchSize < FULL;
    this.graph = new Graph(net, this.keeps, this.keeps && !this.train, flat);
    this.#sparse = new Set(topology.keys());
    const pictures = net.spec.nodes.some(({ op }) => op === 'conv2d') && [...net.shapes.keys()].some((id) => !isPixel(this.graph.size(id)));
    const full = Math.min(pictures ? PICTURE_LANES : PIXEL_LANES, Math.ceil(options.batchSize / FULL) * FULL);
    const lanes = flat ? options.batchSize : full;
    this.#tiling = { lanes, pictures, rowTiles: options.rowTiles ?? false };
    if (flat) this.#runs = runsOf(this.graph, lanes);
    this.arena = new Arena(lanes, Math.ceil(options.batchSize / lanes), pool);
    this.groups = Math.min(GROUPS, this.arena.blocks);
    const optimizer = options.optimizer ?? PLAIN;
    this.trained = this.#placeParams(topology, options.denseGradients, optimizer.kind === 'adamw');
    this.images = this.arena.floats(options.batchSize * net.shapes.get('input')!.reduce((a, b) => a * b, 1));
    this.labels = this.arena.ints(options.batchSize * net.heads);
    this.mixed = this.arena.ints(options.batchSize * net.heads);
    this.shares = this.arena.floats(options.batchSize);
    this.logits = this.arena.floats(options.batchSize * net.heads * net.classes);
    this.loss = this.arena.floats(options.batchSize);
    this.correct = this.arena.floats(options.batchSize);
    this.treatments = treatments(net, optimizer);
    this.hyper = this.arena.floats(HYPER * this.treatments.length);
    this.clip = { limit: this.arena.floats(1), factor: this.arena.floats(1) };
    this.smoothing = this.arena.floats(1);
    this.marks = { least: this.arena.floats(1), out: this.arena.floats(Math.ceil(this.#mostDenseGradients() / 32)) };
    this.sumsHeads = options.loss?.heads === 'sum';
    this.draw = this.arena.ints(4);
    this.constants.push([this.clip.limit, optimizer.clipNorm ?? 0], [this.smoothing, options.loss?.labelSmoothing ?? 0]);
    this.large = options.train && this.#floatsOfValues(options.batchSize) > (options.mostKept ?? MOST_KEPT);
    if (this.keeps) this.#chooseDropped();
    this.#placeActivations();
    this.partial = this.arena.floats(this.#partialFloats);
    this.sums = flat || this.#tiling.rowTiles ? this.arena.floats(FLAT_FLOATS * this.#mostTiles()) : -1;
  }

  /** Tiles that one gather has sums of at the same time: each plane's, and, of few images, each chunk of rows's. */
  #mostTiles(): number {
    const tiles = [...this.layers.values()].map(({ node, forward, backward }) => {
      const { height, run } = this.tensor(node.id);
      return Math.max(forward.planes, backward?.planes ?? 0) * (run ? Math.ceil(height / runRows(height, run.row)) : 1);
    });
    return Math.max(0, ...tiles);
  }

  #mostDenseGradients(): number {
    return Math.max(0, ...[...this.params].map(([param, { denseGradient }]) => (denseGradient < 0 ? 0 : this.net.params.get(param)!.size)));
  }

  tensor(id: NodeId): Tensor {
    return this.tensors.get(id)!;
  }

  #placeParams(topology: Topology, denseGradients: boolean, second: boolean): Placement['trained'] {
    const countOf = (param: ParamName) => topology.get(param)?.live.length ?? this.net.params.get(param)!.size;
    const trainable = [...this.net.params].filter(([, info]) => info.trainable);
    const starts = new Map<ParamName, number>();
    let count = 0;
    for (const [param] of trainable) {
      starts.set(param, count);
      count += countOf(param);
    }
    const values = this.arena.floats(count);
    const momentum = this.train ? this.arena.floats(count) : -1;
    const secondMoments = this.train && second ? this.arena.floats(count) : -1;
    const gradients = this.train ? this.arena.floats(count) : -1;
    for (const [param, info] of this.net.params) {
      this.params.set(param, {
        count: countOf(param),
        values: info.trainable ? values + starts.get(param)! : this.arena.floats(info.size),
        trainable: info.trainable,
        denseGradient: denseGradients && topology.has(param) ? this.arena.floats(info.size) : -1,
      });
    }
    return { values, momentum, secondMoments, gradients, count };
  }

  /**
   * In the order of the nodes. A tensor's place is free once its last reader is done; but values are kept for a backward pass that follows,
   * except those that it does not read or can make again.
   */
  #placeActivations(): void {
    const readers = new Map<string, number>();
    const hold = (key: string) => readers.set(key, (readers.get(key) ?? 0) + 1);
    for (const node of this.net.spec.nodes) {
      const key = this.graph.phaseKey(node);
      if (key) hold(key);
      for (const id of node.from) if (this.#shares(node) !== id) hold(this.owner(id));
    }
    hold(this.owner(this.net.spec.output));
    const done = (key: string, tensor: Tensor) => {
      readers.set(key, readers.get(key)! - 1);
      if (readers.get(key) === 0 && (!this.keeps || this.dropped.has(key))) this.arena.release(tensor);
    };
    this.tensors.set('input', this.#newTensor('input'));
    for (const node of this.net.spec.nodes) {
      const shared = this.#shares(node);
      const key = this.graph.phaseKey(node);
      if (key && !this.phases.has(key)) this.phases.set(key, this.arena.tensor(this.#phaseGeometry(node, key)));
      if (shared) this.tensors.set(node.id, this.aliasOf(node.id, this.tensor(shared)));
      else if (!this.tensors.has(node.id)) this.tensors.set(node.id, this.#newTensor(node.id));
      if (isLayer(node)) {
        this.#placeLayer(node, key ? this.phases.get(key)! : this.tensor(node.from[0]!));
        // Its values come out of the layer's operation; in training only behind the statistics of the batch.
        const norm = this.keeps ? undefined : this.graph.normAfter(node.id);
        if (norm) this.fusedNorms.add(norm.id);
        if (norm && !this.#shares(norm)) this.tensors.set(norm.id, this.#newTensor(norm.id));
      }
      if (node.op === 'batchNorm') this.#placeNorm(node);
      if (node.op === 'dropout') this.#placeDropout(node);
      if (key) done(key, this.phases.get(key)!);
      for (const id of node.from) if (shared !== id) done(this.owner(id), this.tensor(this.owner(id)));
    }
  }

  #chooseDropped(): void {
    const { nodes, output } = this.net.spec;
    const read = new Set([this.owner(output)]);
    for (const node of nodes) {
      const forGradients = this.train && (isLayer(node) || node.op === 'batchNorm' || node.op === 'memberScale');
      if (forGradients || node.op === 'maxPool') read.add(this.owner(node.from[0]!));
      if (node.op === 'relu') read.add(this.owner(node.id));
    }
    for (const { id } of nodes) if (!read.has(id)) this.dropped.add(id);
    for (const node of nodes) if (this.large && node.op === 'batchNorm' && this.owner(output) !== node.id) this.dropped.add(node.id);
  }

  #newTensor(id: NodeId): Tensor {
    const border = this.graph.border(id);
    return this.arena.tensor({
      ...this.graph.size(id),
      low: border,
      high: border,
      ...(this.#runs && { run: this.#runs(this.graph.root(id)) }),
    });
  }

  /** The phases of a strided convolution's input. */
  #phaseGeometry(node: NodeSpec, key: string): Geometry {
    const phases = this.graph.phases(node.from[0]!, strideOf(node));
    const run = this.#runs!(key);
    return { ...phases, width: Math.min(phases.width, Math.floor(run.row / this.arena.lanes)), run };
  }

  /** The input whose memory a node's values share, if any: that of a node in place, a flatten of what has no border. */
  #shares(node: NodeSpec): NodeId | undefined {
    const input = this.graph.inPlace(node.id) ?? node.from[0]!;
    if (this.graph.inPlace(node.id)) return input;
    if (node.op !== 'flatten') return undefined;
    const size = this.graph.size(input);
    const gaps = this.#runs ? !isPixel(size) : this.graph.border(this.graph.root(input)) > 0 || !this.arena.contiguous(size);
    return gaps ? undefined : input;
  }

  /** The node in whose memory the values of `id` lie. */
  owner(id: NodeId): NodeId {
    const node = id === 'input' ? undefined : this.net.node(id);
    const shared = node && this.#shares(node);
    return shared ? this.owner(shared) : id;
  }

  /** Floats of all values that a step makes. */
  #floatsOfValues(batchSize: number): number {
    const sizes = this.net.spec.nodes.filter((node) => !this.#shares(node)).map(({ id }) => this.graph.size(id));
    return batchSize * sizes.reduce((sum, { channels, height, width }) => sum + channels * height * width, 0);
  }

  /** The same memory seen as the shape of node `id`; for a flatten each pixel becomes a plane. */
  aliasOf(id: NodeId, tensor: Tensor): Tensor {
    const size = this.graph.size(id);
    if (size.height === tensor.height && size.width === tensor.width) return tensor;
    return { ...size, low: 0, high: 0, view: { ...tensor.view, plane: this.arena.lanes, row: this.arena.lanes }, shifts: NO_SHIFTS };
  }

  #placeLayer(node: NodeSpec & { op: 'conv2d' | 'linear' }, input: Tensor): void {
    const param = `${node.id}.weight` as const;
    const { count } = this.params.get(param)!;
    const window = this.graph.window(node);
    const backward = this.keeps && this.graph.needsGradient(node.from[0]!);
    const { inputs, outputs, kernel } = window;
    const density = count / (inputs * outputs * kernel ** 2);
    const dense = !this.#sparse.has(param) || density >= DENSE_FROM;
    const placed = backward ? this.#backwardArrays(window, count, dense) : undefined;
    const beside = !this.keeps && this.arena.lanes === 1 && isPixel(this.graph.size(node.id));
    const forward = dense
      ? this.#denseArrays(window, outputs, inputs, input)
      : this.#tapArrays(window, count, outputs, inputs, { input, beside });
    this.layers.set(node.id, {
      node,
      param,
      window,
      count,
      input,
      step: window.low === undefined ? window.stride : 1,
      forward,
      forwardWeights: this.arena.floats(forward.packed),
      backward: placed,
      backwardWeights: placed ? this.arena.floats(placed.packed) : -1,
      positions:
        this.train && this.#sparse.has(param) && (dense || this.params.get(param)!.denseGradient >= 0) ? this.arena.ints(count) : -1,
    });
    if (this.train) this.#partialFloats = Math.max(this.#partialFloats, dense ? forward.packed : count * PARTIAL * this.groups);
  }

  /** Rows are the input's channels, in each phase. */
  #backwardArrays(window: Window, count: number, dense: boolean): TapArrays {
    const { inputs, outputs, stride } = window;
    const phases = phasesOf(stride);
    if (!dense) return this.#tapArrays(window, count, inputs, outputs, { phases });
    const arrays = this.#denseArrays(window, inputs, outputs);
    return phases > 1 ? { ...arrays, phases, rows: this.arena.ints(phases + 1) } : arrays;
  }

  #denseArrays(window: Window, planes: number, channels: number, input?: Tensor): TapArrays {
    const { channelsPerBlock } = blockingOf(window, channels, 1, this.#tiling, input);
    const taps = channels * window.kernel ** 2;
    return {
      dense: true,
      phases: 1,
      packed: taps * planes,
      rows: taps,
      taps: this.arena.ints(taps),
      order: this.arena.ints(taps * planes),
      planes,
      channelBlocks: Math.ceil(channels / channelsPerBlock),
      channelsPerBlock,
      pairs: false,
      beside: false,
    };
  }

  #tapArrays(window: Window, count: number, planes: number, channels: number, more: TapOptions): TapArrays {
    const { input, beside = false, phases = 1 } = more;
    const density = count / (window.inputs * window.outputs * window.kernel ** 2);
    const { channelsPerBlock, pairs } = beside
      ? { channelsPerBlock: channels, pairs: false }
      : blockingOf(window, channels, density, this.#tiling, input);
    const channelBlocks = Math.ceil(channels / channelsPerBlock);
    return {
      dense: false,
      phases,
      packed: count,
      rows: this.arena.ints(phases * channelBlocks * (planes + 1)),
      taps: this.arena.ints(count),
      order: this.arena.ints(count),
      planes,
      channelBlocks,
      channelsPerBlock,
      pairs,
      beside,
    };
  }

  #placeNorm(node: NodeSpec & { op: 'batchNorm' }): void {
    const { channels } = this.graph.size(node.id);
    const place = {
      mean: this.arena.floats(channels),
      variance: this.arena.floats(channels),
      inverse: this.arena.floats(channels),
      eps: this.arena.floats(1),
      momentum: this.arena.floats(1),
      foldedScale: this.arena.floats(channels),
      foldedShift: this.arena.floats(channels),
    };
    this.constants.push([place.eps, node.eps ?? 1e-5], [place.momentum, node.momentum ?? 0.1]);
    this.norms.set(node.id, place);
  }

  #placeDropout(node: NodeSpec & { op: 'dropout' }): void {
    const scale = this.arena.floats(1);
    this.constants.push([scale, 1 / (1 - node.rate)]);
    this.dropoutScales.set(node.id, scale);
  }
}

const isPixel = ({ height, width }: { readonly height: number; readonly width: number }): boolean => height * width === 1;
