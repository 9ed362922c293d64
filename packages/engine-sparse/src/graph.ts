/** What the planner needs to know of a network before it places anything: shapes as (C, H, W), consumers, aliases, borders. */
import type { Network, NodeId, NodeSpec } from '@freetickets/sparse-core';
import type { Geometry } from './arena.ts';
import type { Window } from './taps.ts';

type Layer = Extract<NodeSpec, { op: 'conv2d' | 'linear' }>;
export const isLayer = (node: NodeSpec): node is Layer => node.op === 'conv2d' || node.op === 'linear';

const hasParameters = (node: NodeSpec): boolean => isLayer(node) || node.op === 'batchNorm' || node.op === 'memberScale';

export const strideOf = (node: NodeSpec): number => (node.op === 'conv2d' ? (node.stride ?? 1) : 1);

export class Graph {
  readonly net: Network;
  readonly #keeps: boolean;
  readonly #splits: boolean;
  readonly #consumers = new Map<NodeId, NodeSpec[]>();
  readonly #inPlace = new Map<NodeId, NodeId>();
  readonly #root = new Map<NodeId, NodeId>();
  readonly #needsGradient = new Set<NodeId>();
  readonly #reachesOutput: ReadonlySet<NodeId>;

  /**
   * @param keeps values that the backward pass reads are kept
   * @param inputGradients the gradient of the images is wanted, not only those of parameters
   * @param splits convolutions of stride above 1 read their input split into phases, as of few images, where a plane is one run of floats
   */
  constructor(net: Network, keeps: boolean, inputGradients = false, splits = false) {
    this.net = net;
    this.#keeps = keeps;
    this.#splits = splits;
    if (inputGradients) this.#needsGradient.add('input');
    for (const node of net.spec.nodes) {
      for (const id of node.from) this.#consumers.set(id, [...(this.#consumers.get(id) ?? []), node]);
      if (hasParameters(node) || node.from.some((id) => this.#needsGradient.has(id))) this.#needsGradient.add(node.id);
    }
    const reaching = new Set([net.spec.output]);
    for (const node of [...net.spec.nodes].reverse()) if (reaching.has(node.id)) for (const id of node.from) reaching.add(id);
    this.#reachesOutput = reaching;
    for (const node of net.spec.nodes) {
      const overwritten = this.#overwritten(node);
      if (overwritten !== undefined) this.#inPlace.set(node.id, overwritten);
      this.#root.set(node.id, overwritten === undefined ? node.id : this.root(overwritten));
    }
  }

  size(id: NodeId): Omit<Geometry, 'low' | 'high'> {
    const [channels, height = 1, width = 1] = this.net.shapes.get(id)!;
    return { channels: channels!, height, width };
  }

  consumers(id: NodeId): readonly NodeSpec[] {
    return this.#consumers.get(id) ?? [];
  }

  /** The input that this node overwrites, because nobody else reads it, if there is one. */
  inPlace(id: NodeId): NodeId | undefined {
    return this.#inPlace.get(id);
  }

  /** The node whose memory this one shares, through any number of nodes in place. */
  root(id: NodeId): NodeId {
    return this.#root.get(id) ?? id;
  }

  /** Whether a ReLU in place follows: it is then part of the operation that makes the values. */
  rectified(id: NodeId): boolean {
    return this.consumers(id).some((node) => node.op === 'relu' && this.inPlace(node.id) === id);
  }

  /** Whether a ReLU is part of the operation that makes its input, there called rectified. */
  joined(relu: NodeSpec): boolean {
    const input = this.inPlace(relu.id);
    return input !== undefined && (this.net.node(input).op !== 'add' || this.inPlace(input) !== undefined);
  }

  /** What is added to a layer's output, where the addition is in place: the layer's sums then start from it. */
  residual(layer: NodeId): NodeId | undefined {
    return this.#addition(layer)?.from.find((id) => id !== layer);
  }

  /** The node whose values a layer's operation makes: an addition in place, or the layer itself. */
  result(layer: NodeId): NodeId {
    return this.#addition(layer)?.id ?? layer;
  }

  /** The batch norm that a layer's operation can apply to its result at once, when it needs no statistics of the batch. */
  normAfter(layer: NodeId): NodeSpec | undefined {
    return this.consumers(this.result(layer)).find((node) => node.op === 'batchNorm');
  }

  #addition(layer: NodeId): NodeSpec | undefined {
    return this.consumers(layer).find((node) => node.op === 'add' && this.inPlace(node.id) === layer);
  }

  /** Whether a gradient of this node's values is of any use: some parameter stands before it, or the images' gradient is wanted. */
  needsGradient(id: NodeId): boolean {
    return this.#needsGradient.has(id);
  }

  /** Whether the loss depends on this node: a network may have nodes that nobody reads. */
  reachesOutput(id: NodeId): boolean {
    return this.#reachesOutput.has(id);
  }

  /** Of a layer that reads its input split into phases: all of that input and stride share them. */
  phaseKey(node: NodeSpec): string | undefined {
    return this.#splits && strideOf(node) > 1 ? `${node.from[0]}/${strideOf(node)}` : undefined;
  }

  /** Zeros that convolutions read around this node's values. */
  border(root: NodeId): number {
    let border = 0;
    for (const [id, owner] of [...this.#root, ['input', 'input'] as const])
      if (owner === root)
        for (const node of this.consumers(id)) if (node.op === 'conv2d' && !this.phaseKey(node)) border = Math.max(border, node.pad ?? 0);
    return border;
  }

  /** Columns to the left (not above 0) and to the right of an output's that a layer reads: of its input, or of a phase of it. */
  reach(node: Layer): { readonly first: number; readonly last: number } {
    const { kernel, stride, pad, low } = this.window(node);
    return low !== undefined
      ? { first: 0, last: Math.floor((kernel - 1 - pad + low) / stride) }
      : { first: 0 - pad, last: kernel - 1 - pad };
  }

  window(node: Layer): Window {
    const { channels } = this.size(node.from[0]!);
    if (node.op === 'linear') return { outputs: node.out, inputs: channels, kernel: 1, stride: 1, pad: 0, low: undefined };
    const stride = strideOf(node);
    return {
      outputs: node.out,
      inputs: channels,
      kernel: node.kernel,
      stride,
      pad: node.pad ?? 0,
      low: this.phaseKey(node) === undefined ? undefined : this.#phaseBorder(node.from[0]!, stride),
    };
  }

  /** A picture split into the phases of a stride: pixel (v, u) goes to plane (v mod stride, u mod stride). No border of its own. */
  phases(id: NodeId, stride: number): Geometry & { readonly pictureLow: number } {
    const { channels, height, width } = this.size(id);
    const pictureLow = this.#phaseBorder(id, stride);
    let rows = Math.ceil((pictureLow + height) / stride);
    let columns = Math.ceil((pictureLow + width) / stride);
    for (const node of this.#strided(id, stride)) {
      const out = this.size(node.id);
      const reach = Math.floor((node.kernel - 1 - (node.pad ?? 0) + pictureLow) / stride);
      rows = Math.max(rows, out.height + reach);
      columns = Math.max(columns, out.width + reach);
    }
    return { channels: channels * stride * stride, height: rows, width: columns, low: 0, high: 0, pictureLow };
  }

  /** Zeros that the input's gradient reads around the gradient of this layer's output. */
  gradientBorder(node: NodeSpec): { low: number; high: number } {
    if (node.op !== 'conv2d' || !this.needsGradient(node.from[0]!)) return { low: 0, high: 0 };
    const { stride, pad } = this.window(node);
    const [input, out] = [this.size(node.from[0]!), this.size(node.id)];
    const low = Math.floor((node.kernel - 1 - pad) / stride);
    // The first kernel row of pixel (stride y + v) of the input is that of output y + ceil(pad / stride) or before.
    const beyond = Math.max(Math.ceil(input.height / stride) - out.height, Math.ceil(input.width / stride) - out.width);
    return { low: Math.max(0, low), high: Math.max(0, beyond + Math.ceil(pad / stride)) };
  }

  #overwritten(node: NodeSpec): NodeId | undefined {
    const owned = (id: NodeId, ops: readonly string[]) =>
      id !== 'input' && this.consumers(id).length === 1 && this.net.spec.output !== id && ops.includes(this.net.node(id).op);
    if (node.op === 'relu') return node.from.find((id) => owned(id, ['conv2d', 'linear', 'batchNorm', 'add']));
    // An addition starts in the later of its inputs, when the other is complete.
    if (node.op === 'add') return [this.#later(node.from)].find((id) => owned(id, ['conv2d', 'linear']));
    if (node.op === 'batchNorm' && !this.#keeps) return node.from.find((id) => owned(id, ['conv2d', 'linear', 'add']));
    return undefined;
  }

  #later(ids: readonly NodeId[]): NodeId {
    const order = this.net.spec.nodes.map((node) => node.id);
    return ids.reduce((a, b) => (order.indexOf(a) < order.indexOf(b) ? b : a));
  }

  #phaseBorder(id: NodeId, stride: number): number {
    return Math.max(...this.#strided(id, stride).map((node) => node.pad ?? 0));
  }

  #strided(id: NodeId, stride: number): Extract<NodeSpec, { op: 'conv2d' }>[] {
    return this.consumers(id).filter((node): node is Extract<NodeSpec, { op: 'conv2d' }> => node.op === 'conv2d' && node.stride === stride);
  }
}
