/** The backward pass as operations: from the loss to the gradient of every trained parameter, or to that of the images. */
import type { NodeId, NodeSpec } from '@freetickets/sparse-core';
import type { Geometry, Tensor } from './arena.ts';
import { border, concatCopy, dropout, gatherSize, memberScale, normTrain, partOf, poolOf, reshape, sizeOf, steppedBy } from './forward.ts';
import { Gradients } from './gradients.ts';
import { isLayer } from './graph.ts';
import { NO_SHIFTS, type Operation } from './ops.ts';
import type { LayerPlace, Placement } from './placement.ts';

/** Live weights that one task of a weight gradient takes: its partial sums then stay in the L2 cache. */
const TASK_WEIGHTS = 16384;
/** Tasks for a layer of one pixel whose batch is a single block. */
const PIXEL_TASKS = 8;

/** In a step that keeps dense gradients, one that does not, or both. */
type When = 'kept' | 'plain' | 'always';

export interface BackwardOperation {
  readonly operation: Operation;
  readonly when: When;
}

export interface Backward {
  readonly operations: readonly BackwardOperation[];
  /** Where each layer's output gradient lies while the layer is passed. */
  readonly gradients: ReadonlyMap<NodeId, Tensor>;
  /** Where the taps of each dense read-out stand. */
  readonly dense: readonly { readonly layer: LayerPlace; readonly taps: number }[];
}

export function emitBackward(place: Placement): Backward {
  return new BackwardPass(place).emit();
}

class BackwardPass {
  readonly #place: Placement;
  readonly #operations: BackwardOperation[] = [];
  readonly #gradients: Gradients;
  readonly #layerGradients = new Map<NodeId, Tensor>();
  readonly #dense: Backward['dense'][number][] = [];
  readonly #remade = new Map<NodeId, Tensor>();
  /** Which tensor's border an operation clears: it is left out where nobody else writes there. */
  readonly #borders = new Map<Operation, Tensor>();

  constructor(place: Placement) {
    this.#place = place;
    this.#gradients = new Gradients(
      place,
      (operation) => this.#push(operation),
      (geometry) => this.#fresh(geometry),
    );
  }

  emit(): Backward {
    const { net } = this.#place;
    this.#loss();
    for (const node of [...net.spec.nodes].reverse()) {
      if (!this.#gradients.of(node.id)) continue;
      this.#node(node);
      if (this.#place.graph.root(node.id) === node.id) this.#gradients.drop(node.id);
      this.#dropValues(node.id);
    }
    if (!this.#place.train) this.#images();
    const needed = ({ operation }: BackwardOperation) => {
      const bordered = this.#borders.get(operation);
      return !bordered || this.#place.arena.disturbed(bordered);
    };
    return { operations: this.#operations.filter(needed), gradients: this.#layerGradients, dense: this.#dense };
  }

  #loss(): void {
    const { net, sumsHeads, labels, mixed, shares, smoothing, loss, correct } = this.#place;
    const { classes, heads } = net;
    const logits = this.#place.tensor(net.spec.output).view;
    const gradient = this.#gradients.target(net.spec.output).tensor.view;
    this.#push({ op: 'loss', logits, gradient, classes, heads, labels, mixed, shares, smoothing, sum: sumsHeads, loss, correct });
  }

  /** Their gradient takes the place of the images themselves. */
  #images(): void {
    const gradient = this.#gradients.of('input')!;
    this.#push({ op: 'unload', in: gradient.view, ...sizeOf(gradient), out: this.#place.images });
  }

  /** A new tensor, with zeros around it. */
  #fresh(geometry: Geometry): Tensor {
    const tensor = this.#place.arena.tensor(geometry);
    const operation = border(tensor);
    this.#borders.set(operation, tensor);
    this.#push(operation);
    return tensor;
  }

  /** The values of a node, made again where they were not kept. */
  #values(id: NodeId): Tensor {
    const owner = this.#place.owner(id);
    if (!this.#place.dropped.has(owner)) return this.#place.tensor(id);
    const remade = this.#remade.get(owner) ?? this.#remake(owner);
    this.#remade.set(owner, remade);
    return this.#place.aliasOf(id, remade);
  }

  #remake(norm: NodeId): Tensor {
    const node = this.#place.net.node(norm);
    const input = this.#values(node.from[0]!);
    const out = this.#fresh(this.#place.tensor(norm));
    this.#push({ ...normTrain(this.#place, node), op: 'normAgain', in: input.view, out: out.view });
    return out;
  }

  /** What a layer reads, as its weight gradients do. */
  #input({ node, step }: LayerPlace) {
    return { in: steppedBy(step, this.#values(node.from[0]!).view), inStep: step };
  }

  /** Nobody reads the values of a node after its own backward pass. */
  #dropValues(id: NodeId): void {
    const { arena, dropped } = this.#place;
    if (this.#place.owner(id) !== id) return;
    const values = dropped.has(id) ? this.#remade.get(id) : this.#place.tensor(id);
    if (values) arena.release(values);
  }

  #push(operation: Operation, when: When = 'always'): void {
    this.#operations.push({ operation, when });
  }

  #node(node: NodeSpec): void {
    const { graph } = this.#place;
    if (isLayer(node)) this.#layer(node, this.#gradients.bordered(node.id));
    else if (node.op === 'batchNorm' && this.#place.train) this.#norm(node, this.#gradients.of(node.id)!);
    else if (node.op === 'relu' && graph.inPlace(node.id)) this.#reluInPlace(node);
    else {
      if (node.op === 'memberScale' && this.#place.train) this.#memberGradient(node, this.#gradients.of(node.id)!);
      for (const [k, from] of node.from.entries()) {
        if (!graph.needsGradient(from) || from === graph.inPlace(node.id)) continue;
        if (node.op === 'add' && this.#gradients.share(node.id, from)) continue;
        const { tensor, accumulate } = this.#gradients.target(from);
        this.#push(this.#elementwise(node, this.#gradients.of(node.id)!, tensor, accumulate, k));
      }
    }
  }

  #reluInPlace(node: NodeSpec): void {
    if (this.#place.train && this.#place.net.node(node.from[0]!).op === 'batchNorm') return;
    const gradient = this.#gradients.unshared(node.id);
    this.#push(this.#elementwise(node, gradient, gradient, false));
  }

  /** @param k which input of the node `out` belongs to */
  #elementwise(node: NodeSpec, gradient: Tensor, out: Tensor, accumulate: boolean, k = 0): Operation {
    const size = sizeOf(gradient);
    switch (node.op) {
      case 'relu':
        return { op: 'reluBackward', a: this.#place.tensor(node.id).view, b: gradient.view, out: out.view, ...size, accumulate };
      case 'add':
        return { op: 'copy', a: gradient.view, b: gradient.view, out: out.view, ...size, accumulate };
      case 'concat':
        return concatCopy({ ...out, view: partOf(this.#place, node, gradient.view, k) }, out.view, accumulate);
      case 'dropout':
        return dropout(this.#place, node, gradient.view, out, accumulate);
      case 'memberScale':
      case 'batchNorm':
        return memberScale(this.#place, node, gradient.view, out, accumulate);
      case 'flatten':
        return reshape(gradient, out, accumulate);
      default: {
        const pool = { ...poolOf(this.#place, node), gradient: gradient.view, out: out.view, accumulate };
        if (node.op === 'maxPool') return { ...pool, op: 'maxPoolBackward', in: this.#values(node.from[0]!).view };
        return { ...pool, op: 'averagePoolBackward' };
      }
    }
  }

  /** Also where the input needs no gradient: scale and shift do. The input's gradient then goes to memory nobody reads. */
  #norm(node: NodeSpec, gradient: Tensor): void {
    const { params, norms, trained } = this.#place;
    const at = norms.get(node.id)!;
    const gradientOf = (suffix: 'weight' | 'bias') => params.get(`${node.id}.${suffix}`)!.values - trained.values + trained.gradients;
    const { tensor, start } = this.#gradients.sumTarget(node.from[0]!);
    this.#push({
      op: 'normBackward',
      in: this.#values(node.from[0]!).view,
      gradient: gradient.view,
      out: tensor.view,
      start,
      ...sizeOf(gradient),
      scale: params.get(`${node.id}.weight`)!.values,
      shift: params.get(`${node.id}.bias`)!.values,
      mean: at.mean,
      inverse: at.inverse,
      scaleGradient: gradientOf('weight'),
      shiftGradient: gradientOf('bias'),
      rectify: this.#place.graph.rectified(node.id),
    });
  }

  #memberGradient(node: NodeSpec & { op: 'memberScale' }, gradient: Tensor): void {
    const { params, trained } = this.#place;
    const out = params.get(`${node.id}.weight`)!.values - trained.values + trained.gradients;
    const values = this.#values(node.from[0]!).view;
    this.#push({ op: 'memberGradient', in: values, gradient: gradient.view, ...sizeOf(gradient), out, members: node.members });
  }

  #layer(node: NodeSpec, gradient: Tensor): void {
    const layer = this.#place.layers.get(node.id)!;
    this.#layerGradients.set(node.id, gradient);
    if (this.#place.train) this.#parameterGradients(layer, gradient);
    if (layer.backward) this.#inputGradient(layer, gradient);
  }

  #parameterGradients(layer: LayerPlace, gradient: Tensor): void {
    const { node } = layer;
    const { trained, params } = this.#place;
    const kept = params.get(layer.param)!.denseGradient >= 0;
    this.#weightGradient(layer, gradient, kept ? 'plain' : 'always');
    const bias = params.get(`${node.id}.bias`);
    if (bias)
      this.#push({
        op: 'biasGradient',
        gradient: gradient.view,
        ...sizeOf(gradient),
        out: bias.values - trained.values + trained.gradients,
      });
    if (kept) this.#denseGradient(layer, gradient);
  }

  #weightGradient(layer: LayerPlace, gradient: Tensor, when: When): void {
    const { trained, params, partial, groups, arena } = this.#place;
    const { count, forward, window } = layer;
    const out = params.get(layer.param)!.values - trained.values + trained.gradients;
    if (forward.dense) {
      const { height, width } = gradient;
      const size = { planes: window.outputs, height, width, taps: forward.taps, count: forward.rows };
      const all = layer.positions < 0 ? out : partial;
      this.#push({ op: 'denseGradient', ...this.#input(layer), gradient: gradient.view, ...size, out: all }, when);
      if (layer.positions >= 0) this.#push({ op: 'pack', out, source: partial, order: layer.positions, count }, when);
      return;
    }
    const pixel = gradient.height * gradient.width === 1 && arena.blocks === 1;
    const chunks = Math.max(Math.ceil(count / TASK_WEIGHTS), pixel ? PIXEL_TASKS : 1);
    const operation: Operation = {
      op: 'weightGradient',
      ...this.#input(layer),
      gradient: gradient.view,
      height: gradient.height,
      width: gradient.width,
      ...layer.forward,
      partial,
      count,
      groups,
      channels: layer.input.channels,
      chunkPlanes: Math.max(1, Math.ceil(layer.window.outputs / chunks)),
    };
    this.#push(operation, when);
    this.#push({ op: 'reduce', out, partial, count, groups, order: layer.forward.order }, when);
  }

  /** The gradient at every position, and out of it that of the live weights. */
  #denseGradient(layer: LayerPlace, gradient: Tensor): void {
    const { arena, params, trained } = this.#place;
    const { outputs, inputs, kernel } = layer.window;
    const count = inputs * kernel * kernel;
    const taps = arena.ints(count);
    this.#dense.push({ layer, taps });
    const { height, width } = gradient;
    const { values, denseGradient: out } = params.get(layer.param)!;
    this.#push(
      { op: 'denseGradient', ...this.#input(layer), gradient: gradient.view, planes: outputs, height, width, taps, count, out },
      'kept',
    );
    const live = values - trained.values + trained.gradients;
    this.#push({ op: 'pack', out: live, source: out, order: layer.positions, count: layer.count }, 'kept');
  }

  #inputGradient(layer: LayerPlace, gradient: Tensor): void {
    const { tensor, start } = this.#gradients.sumTarget(layer.node.from[0]!);
    const backward = layer.backward!;
    const phase = { ...tensor, height: Math.ceil(tensor.height / layer.step), width: Math.ceil(tensor.width / layer.step) };
    this.#push({
      op: backward.dense ? 'dense' : 'gather',
      in: gradient.view,
      out: tensor.view,
      ...gatherSize(layer.window.inputs, phase, backward),
      height: tensor.height,
      width: tensor.width,
      ...backward,
      weights: layer.backwardWeights,
      channels: gradient.channels,
      inStep: 1,
      outStep: layer.step,
      bias: -1,
      start,
      normed: tensor.view,
      scale: -1,
      shift: -1,
      rectify: false,
      shifts: NO_SHIFTS,
      sums: this.#place.sums,
    });
  }
}
