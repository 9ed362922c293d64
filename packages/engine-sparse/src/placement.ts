/** Gives every parameter, activation and index array of a network its place in the arena. What is computed there is the plan's business. */
import type { Network, NodeId, NodeSpec, ParamName, Topology } from '@freetickets/sparse-core';
import { Arena, type Tensor } from './arena.ts';
import { Graph, isLayer } from './graph.ts';
import { PARTIAL } from './ops.ts';
import { type TapArrays, phasesOf, type Window } from './taps.ts';

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
  readonly forward: TapArrays;
  readonly forwardWeights: number;
  /** Only where the input needs a gradient. */
  readonly backward: TapArrays | undefined;
  readonly backwardWeights: number;
}

export interface NormPlace {
  readonly mean: number;
  readonly variance: number;
  readonly inverse: number;
  readonly eps: number;
  readonly momentum: number;
}

export interface PlacementOptions {
  readonly batchSize: number;
  readonly train: boolean;
  readonly denseGradients: boolean;
}

/** Bytes of input that one block of channels may take while a tile of outputs passes: the larger part of an L1 cache. */
const BLOCK_BYTES = 36 * 1024;
/** A linear layer reads each input once per tile, so its blocks are sized for the L2 cache. */
const LINEAR_BLOCK_INPUTS = 512;
const TILE_COLUMNS = 4;
const TILE_IMAGES = 32;
/** Groups of batch blocks whose weight gradients are summed apart; fixed, so that the sums do not depend on the number of threads. */
const GROUPS = 4;
/** Floats of partial sums that a dense read-out may take; larger layers are read in several parts. */
const DENSE_PARTIAL_FLOATS = 1 << 24;

export class Placement {
  readonly net: Network;
  readonly graph: Graph;
  readonly arena: Arena;
  readonly train: boolean;
  readonly params = new Map<ParamName, ParamPlace>();
  readonly layers = new Map<NodeId, LayerPlace>();
  readonly norms = new Map<NodeId, NormPlace>();
  readonly tensors = new Map<NodeId, Tensor>();
  readonly phases = new Map<string, Tensor>();
  /** Constants to be written once: offset and value. */
  readonly constants: (readonly [number, number])[] = [];
  readonly trained: { readonly values: number; readonly momentum: number; readonly gradients: number; readonly count: number };
  /** Staging for images (batch, C, H, W), labels (integers), logits (batch, classes), loss and correctness per image, and the step's numbers. */
  readonly images: number;
  readonly labels: number;
  readonly logits: number;
  readonly loss: number;
  readonly correct: number;
  readonly hyper: number;
  readonly partial: number;
  readonly groups: number;
  #partialFloats = 0;

  constructor(net: Network, topology: Topology, options: PlacementOptions) {
    this.net = net;
    this.graph = new Graph(net);
    this.train = options.train;
    const spatial = [...net.shapes.values()].some(([, height = 1, width = 1]) => height * width > 1 && net.spec.nodes.some((n) => n.op === 'conv2d'));
    const lanes = Math.min(spatial ? 32 : 128, Math.ceil(options.batchSize / 16) * 16);
    this.arena = new Arena(lanes, Math.ceil(options.batchSize / lanes));
    this.groups = Math.min(GROUPS, this.arena.blocks);
    this.trained = this.#placeParams(topology, options.denseGradients);
    this.images = this.arena.floats(options.batchSize * net.shapes.get('input')!.reduce((a, b) => a * b, 1));
    this.labels = this.arena.ints(options.batchSize);
    this.logits = this.arena.floats(options.batchSize * net.classes);
    this.loss = this.arena.floats(options.batchSize);
    this.correct = this.arena.floats(options.batchSize);
    this.hyper = this.arena.floats(3);
    this.#placeActivations();
    this.partial = this.arena.floats(this.#partialFloats);
  }

  tensor(id: NodeId): Tensor {
    return this.tensors.get(id)!;
  }

  /** Outputs whose dense gradients are read at once. */
  denseChunk(window: Window): number {
    const row = window.inputs * window.kernel * window.kernel;
    return Math.max(1, Math.min(window.outputs, Math.floor(DENSE_PARTIAL_FLOATS / (row * PARTIAL * this.groups))));
  }

  #placeParams(topology: Topology, denseGradients: boolean): Placement['trained'] {
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
    const gradients = this.train ? this.arena.floats(count) : -1;
    for (const [param, info] of this.net.params) {
      this.params.set(param, {
        count: countOf(param),
        values: info.trainable ? values + starts.get(param)! : this.arena.floats(info.size),
        trainable: info.trainable,
        denseGradient: denseGradients && topology.has(param) ? this.arena.floats(info.size) : -1,
      });
    }
    return { values, momentum, gradients, count };
  }

  /**
   * In the order of the nodes. A session that only predicts gives a tensor's place to another of the same geometry once its last reader
   * is done; training needs them all until the backward pass.
   */
  #placeActivations(): void {
    const readers = new Map<string, number>();
    const hold = (key: string) => readers.set(key, (readers.get(key) ?? 0) + 1);
    for (const node of this.net.spec.nodes) for (const id of node.from) if (this.#shares(node) !== id) hold(this.#owner(id));
    hold(this.#owner(this.net.spec.output));
    const done = (key: string, tensor: Tensor) => {
      readers.set(key, readers.get(key)! - 1);
      if (readers.get(key) === 0 && !this.train) this.arena.release(tensor);
    };
    this.tensors.set('input', this.#newTensor('input'));
    for (const node of this.net.spec.nodes) {
      const shared = this.#shares(node);
      const strided = node.op === 'conv2d' && (node.stride ?? 1) > 1 ? `${node.from[0]}/${node.stride}` : undefined;
      if (strided && !this.phases.has(strided)) this.phases.set(strided, this.arena.tensor(this.graph.phases(node.from[0]!, (node as { stride: number }).stride)));
      this.tensors.set(node.id, shared ? this.#aliasOf(node.id, this.tensor(shared)) : this.#newTensor(node.id));
      if (isLayer(node)) this.#placeLayer(node, strided ? this.phases.get(strided)! : this.tensor(node.from[0]!));
      if (node.op === 'batchNorm') this.#placeNorm(node);
      for (const id of node.from) if (shared !== id) done(this.#owner(id), this.tensor(id));
    }
  }

  #newTensor(id: NodeId): Tensor {
    const border = this.graph.border(id);
    return this.arena.tensor({ ...this.graph.size(id), low: border, high: border });
  }

  /** The input whose memory a node's values share, if any: a ReLU in place, a flatten of what has no border. */
  #shares(node: NodeSpec): NodeId | undefined {
    const input = node.from[0]!;
    if (this.graph.root(node.id) !== node.id) return input;
    return node.op === 'flatten' && this.graph.border(this.graph.root(input)) === 0 ? input : undefined;
  }

  #owner(id: NodeId): NodeId {
    const node = id === 'input' ? undefined : this.net.node(id);
    const shared = node && this.#shares(node);
    return shared ? this.#owner(shared) : id;
  }

  /** The same memory seen as the shape of node `id`; for a flatten each pixel becomes a plane. */
  #aliasOf(id: NodeId, tensor: Tensor): Tensor {
    const size = this.graph.size(id);
    if (size.height === tensor.height && size.width === tensor.width) return tensor;
    return { ...size, low: 0, high: 0, view: { ...tensor.view, plane: this.arena.lanes, row: this.arena.lanes } };
  }

  #placeLayer(node: NodeSpec & { op: 'conv2d' | 'linear' }, input: Tensor): void {
    const param = `${node.id}.weight` as const;
    const place = this.params.get(param)!;
    const { count } = place;
    const window = this.graph.window(node);
    const backward = this.train && this.graph.needsGradient(node.from[0]!);
    this.layers.set(node.id, {
      node,
      param,
      window,
      count,
      input,
      forward: this.#tapArrays(window, count, window.outputs, window.inputs),
      forwardWeights: this.arena.floats(count),
      backward: backward ? this.#tapArrays(window, count, window.inputs * phasesOf(window.stride), window.outputs) : undefined,
      backwardWeights: backward ? this.arena.floats(count) : -1,
    });
    if (!this.train) return;
    const dense = place.denseGradient >= 0 ? this.denseChunk(window) * window.inputs * window.kernel * window.kernel : 0;
    this.#partialFloats = Math.max(this.#partialFloats, Math.max(count, dense) * PARTIAL * this.groups);
  }

  #tapArrays(window: Window, count: number, planes: number, channels: number): TapArrays {
    const reach = Math.ceil(window.kernel / window.stride);
    const bytes = reach * (TILE_COLUMNS + reach - 1) * TILE_IMAGES * 4;
    const channelsPerBlock = this.arena.lanes === 128 ? LINEAR_BLOCK_INPUTS : Math.max(4, Math.floor(BLOCK_BYTES / bytes));
    const channelBlocks = Math.ceil(channels / channelsPerBlock);
    return {
      rows: this.arena.ints(channelBlocks * (planes + 1)),
      taps: this.arena.ints(count),
      order: this.arena.ints(count),
      planes,
      channelBlocks,
      channelsPerBlock,
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
    };
    this.constants.push([place.eps, node.eps ?? 1e-5], [place.momentum, node.momentum ?? 0.1]);
    this.norms.set(node.id, place);
  }
}
