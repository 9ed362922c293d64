/** The forward pass as operations: from staged images to the values of every node. */
import { dropoutThreshold, type NodeId, type NodeSpec } from '@freetickets/sparse-core';
import type { Tensor } from './arena.ts';
import { strideOf } from './graph.ts';
import { FULL, type Gather, NO_SHIFTS, NO_VIEW, type Norm, type Operation, type Shift, type Split, TILE_PLANES, type View } from './ops.ts';
import { runRows } from './pitch.ts';
import type { LayerPlace, Placement } from './placement.ts';
import type { TapArrays } from './taps.ts';

/** Tasks that one operation is cut into at least, where its shape allows. */
const TASKS = 8;

/** @param train batch norm uses the batch's statistics, else the running ones */
export function emitForward(place: Placement, train: boolean): Operation[] {
  const input = place.tensor('input');
  const ops: Operation[] = [...bordered(place, 'input'), { op: 'load', source: place.images, out: input.view, ...sizeOf(input) }];
  addShifts(ops, input);
  const split = new Set<string>();
  for (const node of place.net.spec.nodes) {
    const key = place.graph.phaseKey(node);
    if (key && !split.has(key)) ops.push(splitPhases(place, node, key));
    if (key) split.add(key);
    ops.push(...bordered(place, node.id));
    ops.push(...emitNode(place, node, train));
    if (complete(place, node.id)) addShifts(ops, place.tensor(node.id));
  }
  return ops;
}

/** Whether no node in place is yet to change a node's values. */
const complete = (place: Placement, id: NodeId): boolean => !place.graph.consumers(id).some((node) => place.graph.inPlace(node.id) === id);

/** Fills the shifted copies of a tensor: as part of the layer's operation that has made its values, if one has. */
function addShifts(ops: Operation[], tensor: Tensor): void {
  const { shifts } = tensor;
  if (shifts.count === 0) return;
  const { base } = tensor.view;
  const last = ops.findLastIndex((operation) => writes(operation, base));
  const maker = ops[last];
  if ((maker?.op === 'gather' || maker?.op === 'dense') && resultOf(maker).base === base) ops[last] = { ...maker, shifts };
  else ops.push({ op: 'shift', out: tensor.view, ...sizeOf(tensor), shifts } satisfies Shift);
}

const writes = (operation: Operation, base: number): boolean =>
  [(operation.op === 'gather' || operation.op === 'dense') && operation.normed, 'out' in operation && operation.out].some(
    (view) => typeof view === 'object' && view.base === base,
  );

const resultOf = ({ scale, rectify, normed, out }: Gather): View => (scale >= 0 || rectify ? normed : out);

/** Zeros around the values of a node, where others write between two steps. */
function bordered(place: Placement, id: NodeId): Operation[] {
  const tensor = place.tensor(id);
  return place.owner(id) === id && place.arena.disturbed(tensor) ? [border(tensor)] : [];
}

export function border(tensor: Tensor): Operation {
  const { low, high } = tensor;
  return { op: 'border', out: tensor.view, ...sizeOf(tensor), low, high };
}

export const sizeOf = ({ channels, height, width }: Tensor) => ({ channels, height, width });

function splitPhases(place: Placement, node: NodeSpec, key: string): Split {
  const stride = strideOf(node);
  const picture = place.tensor(node.from[0]!);
  const phases = place.phases.get(key)!;
  return {
    op: 'split',
    whole: picture.view,
    phases: phases.view,
    ...sizeOf(picture),
    phaseHeight: phases.height,
    phaseWidth: phases.width,
    stride,
    low: place.graph.phases(node.from[0]!, stride).pictureLow,
    shifts: phases.shifts,
  };
}

function emitNode(place: Placement, node: NodeSpec, train: boolean): Operation[] {
  const input = place.tensor(node.from[0]!);
  const out = place.tensor(node.id);
  switch (node.op) {
    case 'conv2d':
    case 'linear':
      return [layerForward(place, place.layers.get(node.id)!, out)];
    case 'batchNorm':
      if (train) return [normTrain(place, node)];
      return place.fusedNorms.has(node.id) ? [] : [affine(place, node)];
    case 'relu':
      if (place.graph.joined(node)) return [];
      return [{ op: 'relu', a: input.view, b: input.view, out: out.view, ...sizeOf(out), accumulate: false }];
    case 'add':
      if (place.graph.inPlace(node.id)) return [];
      return [{ op: 'add', a: input.view, b: place.tensor(node.from[1]!).view, out: out.view, ...sizeOf(out), accumulate: false }];
    case 'concat':
      return node.from.map((id, k) => concatCopy(place.tensor(id), partOf(place, node, out.view, k), false));
    case 'dropout':
      return [dropout(place, node, input.view, out, false)];
    case 'memberScale':
      return [memberScale(place, node, input.view, out, false)];
    case 'flatten':
      return sameMemory(input.view, out.view) ? [] : [reshape(input, out, false)];
    default:
      return [{ ...poolOf(place, node), op: node.op === 'maxPool' ? 'maxPool' : 'averagePool', gradient: out.view, out: out.view }];
  }
}

/** Input k of a concatenation, as a part of what has the shape of all of them. */
export function partOf(place: Placement, node: NodeSpec, whole: View, k: number): View {
  const before = node.from.slice(0, k).reduce((sum, id) => sum + place.graph.size(id).channels, 0);
  return { ...whole, base: whole.base + before * whole.plane };
}

export const concatCopy = (from: Tensor, out: View, accumulate: boolean): Operation => ({
  ...({ op: 'copy', a: from.view, b: from.view, out } as const),
  ...sizeOf(from),
  accumulate,
});

/** Forward from values to values, backward from gradients to gradients. */
export function dropout(place: Placement, node: NodeSpec & { op: 'dropout' }, from: View, out: Tensor, accumulate: boolean): Operation {
  return {
    op: 'dropout',
    in: from,
    out: out.view,
    ...sizeOf(out),
    draw: place.draw,
    node: place.net.spec.nodes.indexOf(node),
    threshold: dropoutThreshold(node.rate),
    scale: place.dropoutScales.get(node.id)!,
    accumulate,
  };
}

/** Forward from values to values, backward from gradients to gradients; a batch norm with running statistics is backward one of one member. */
export function memberScale(place: Placement, node: NodeSpec, from: View, out: Tensor, accumulate: boolean): Operation {
  const [scale, members] =
    node.op === 'memberScale' ? [normValue(place, node.id, 'weight'), node.members] : [place.norms.get(node.id)!.foldedScale, 1];
  return { op: 'memberScale', in: from, out: out.view, ...sizeOf(out), scale, members, first: place.draw + 3, accumulate };
}

const sameMemory = (a: View, b: View) => a.base === b.base;

function layerForward(place: Placement, layer: LayerPlace, out: Tensor): Operation {
  const { graph, params, norms } = place;
  const { id } = layer.node;
  const residual = graph.residual(id);
  const follower = graph.normAfter(id);
  const norm = follower && place.fusedNorms.has(follower.id) ? follower : undefined;
  const folded = norm && norms.get(norm.id)!;
  return {
    op: layer.forward.dense ? 'dense' : 'gather',
    in: steppedBy(layer.step, layer.input.view),
    out: out.view,
    ...gatherSize(layer.window.outputs, out, layer.forward),
    inStep: layer.step,
    outStep: 1,
    channels: layer.input.channels,
    ...layer.forward,
    weights: layer.forwardWeights,
    bias: params.get(`${id}.bias`)?.values ?? -1,
    start: residual === undefined ? NO_VIEW : place.tensor(residual).view,
    normed: norm ? place.tensor(norm.id).view : out.view,
    scale: folded?.foldedScale ?? -1,
    shift: folded?.foldedShift ?? -1,
    rectify: graph.rectified(norm?.id ?? graph.result(id)),
    shifts: NO_SHIFTS,
    sums: place.sums,
  };
}

/** Every so many rows. */
export const steppedBy = (step: number, view: View): View => ({ ...view, row: step * view.row });

/** Rows of a picture are shared out, or the outputs of a layer that has one pixel, or of any where a plane is one run of floats. */
export function gatherSize(planes: number, { height, width, run }: Tensor, { pairs, beside }: TapArrays) {
  if (run) {
    const chunkRows = runRows(height, run.row);
    const shares = Math.ceil(TASKS / Math.ceil(height / chunkRows));
    const side = beside ? FULL : TILE_PLANES;
    return { planes, height, width, chunkPlanes: Math.ceil(planes / shares / side) * side, chunkRows };
  }
  if (height * width === 1)
    return { planes, height, width, chunkPlanes: Math.ceil(planes / TASKS / TILE_PLANES) * TILE_PLANES, chunkRows: height };
  const rows = Math.ceil(height / TASKS);
  return { planes, height, width, chunkPlanes: planes, chunkRows: pairs ? rows + (rows % 2) : rows };
}

const normValue = (place: Placement, id: NodeId, suffix: 'weight' | 'bias' | 'running_mean' | 'running_var'): number =>
  place.params.get(`${id}.${suffix}`)!.values;

export function normTrain(place: Placement, node: NodeSpec): Norm {
  const out = place.tensor(node.id);
  const { mean, variance, inverse, eps } = place.norms.get(node.id)!;
  return {
    op: 'normTrain',
    in: place.tensor(node.from[0]!).view,
    out: out.view,
    ...sizeOf(out),
    scale: normValue(place, node.id, 'weight'),
    shift: normValue(place, node.id, 'bias'),
    mean,
    variance,
    inverse,
    eps,
    rectify: place.graph.rectified(node.id),
  };
}

/** Running statistics into one scale and one shift a channel, for every batch norm. */
export const emitFolds = (place: Placement): Operation[] => [...place.norms.keys()].map((id) => fold(place, id));

function fold(place: Placement, id: NodeId): Operation {
  const { eps, foldedScale, foldedShift } = place.norms.get(id)!;
  return {
    op: 'fold',
    channels: place.graph.size(id).channels,
    scale: normValue(place, id, 'weight'),
    shift: normValue(place, id, 'bias'),
    mean: normValue(place, id, 'running_mean'),
    variance: normValue(place, id, 'running_var'),
    eps,
    outScale: foldedScale,
    outShift: foldedShift,
  };
}

function affine(place: Placement, node: NodeSpec): Operation {
  const out = place.tensor(node.id);
  const { foldedScale, foldedShift } = place.norms.get(node.id)!;
  const rectify = place.graph.rectified(node.id);
  return {
    op: 'affine',
    in: place.tensor(node.from[0]!).view,
    out: out.view,
    ...sizeOf(out),
    scale: foldedScale,
    shift: foldedShift,
    rectify,
  };
}

export function reshape(input: Tensor, out: Tensor, accumulate: boolean): Operation {
  return {
    op: 'reshape',
    in: input.view,
    out: out.view,
    inHeight: input.height,
    inWidth: input.width,
    outHeight: out.height,
    outWidth: out.width,
    features: input.channels * input.height * input.width,
    accumulate,
  };
}

/** Everything but which way: the window of a pooling node. */
export function poolOf(place: Placement, node: NodeSpec) {
  const input = place.tensor(node.from[0]!);
  const window =
    node.op === 'maxPool' || node.op === 'avgPool'
      ? {
          kernelHeight: node.kernel,
          kernelWidth: node.kernel,
          stride: node.stride ?? node.kernel,
          pad: node.op === 'maxPool' ? (node.pad ?? 0) : 0,
        }
      : { kernelHeight: input.height, kernelWidth: input.width, stride: 1, pad: 0 };
  return { in: input.view, ...sizeOf(place.tensor(node.id)), inHeight: input.height, inWidth: input.width, ...window, accumulate: false };
}
