/** The forward pass as operations: from staged images to the values of every node. */
import type { NodeSpec } from '@freetickets/sparse-core';
import type { Tensor } from './arena.ts';
import { phaseKey, strideOf } from './graph.ts';
import { NO_VIEW, type Operation, type View } from './ops.ts';
import type { LayerPlace, Placement } from './placement.ts';

/** Tasks that one operation is cut into at least, where its shape allows. */
const TASKS = 8;

/** @param train batch norm uses the batch's statistics, else the running ones */
export function emitForward(place: Placement, train: boolean): Operation[] {
  const input = place.tensor('input');
  const ops: Operation[] = [{ op: 'load', source: place.images, out: input.view, ...sizeOf(input) }];
  const split = new Set<string>();
  for (const node of place.net.spec.nodes) {
    const key = phaseKey(node);
    if (key && !split.has(key)) ops.push(splitPhases(place, node, key));
    if (key) split.add(key);
    ops.push(...emitNode(place, node, train));
  }
  return ops;
}

export const sizeOf = ({ channels, height, width }: Tensor) => ({ channels, height, width });

function splitPhases(place: Placement, node: NodeSpec, key: string): Operation {
  const stride = strideOf(node);
  const picture = place.tensor(node.from[0]!);
  const low = place.graph.phases(node.from[0]!, stride).pictureLow;
  return { op: 'split', whole: picture.view, phases: place.phases.get(key)!.view, ...sizeOf(picture), stride, low, accumulate: false };
}

function emitNode(place: Placement, node: NodeSpec, train: boolean): Operation[] {
  const input = place.tensor(node.from[0]!);
  const out = place.tensor(node.id);
  switch (node.op) {
    case 'conv2d':
    case 'linear':
      return [layerForward(place, place.layers.get(node.id)!, out)];
    case 'batchNorm':
      return [norm(place, node, train)];
    case 'relu':
      if (place.graph.rectified(node.from[0]!)) return [];
      return [{ op: 'relu', a: input.view, b: input.view, out: out.view, ...sizeOf(out), accumulate: false }];
    case 'add':
      if (place.graph.inPlace(node.id)) return [];
      return [{ op: 'add', a: input.view, b: place.tensor(node.from[1]!).view, out: out.view, ...sizeOf(out), accumulate: false }];
    case 'flatten':
      return sameMemory(input.view, out.view) ? [] : [reshape(input, out, false)];
    default:
      return [{ ...poolOf(place, node), op: node.op === 'maxPool' ? 'maxPool' : 'averagePool', gradient: out.view, out: out.view }];
  }
}

const sameMemory = (a: View, b: View) => a.base === b.base;

function layerForward(place: Placement, layer: LayerPlace, out: Tensor): Operation {
  const bias = place.params.get(`${layer.node.id}.bias`);
  const residual = place.graph.residual(layer.node.id);
  return {
    op: 'gather',
    in: layer.input.view,
    out: out.view,
    ...gatherSize(layer.window.outputs, out),
    ...layer.forward,
    weights: layer.forwardWeights,
    bias: bias ? bias.values : -1,
    start: residual === undefined ? NO_VIEW : place.tensor(residual).view,
  };
}

/** Rows of a picture are shared out, or the outputs of a layer that has one pixel. */
export function gatherSize(planes: number, { height, width }: Pick<Tensor, 'height' | 'width'>) {
  const pixel = height * width === 1;
  return { planes, height, width, chunkPlanes: pixel ? Math.ceil(planes / TASKS) : planes, chunkRows: Math.ceil(height / TASKS) };
}

function norm(place: Placement, node: NodeSpec, train: boolean): Operation {
  const out = place.tensor(node.id);
  const at = place.norms.get(node.id)!;
  const value = (suffix: 'weight' | 'bias' | 'running_mean' | 'running_var') => place.params.get(`${node.id}.${suffix}`)!.values;
  const common = {
    in: place.tensor(node.from[0]!).view,
    out: out.view,
    ...sizeOf(out),
    scale: value('weight'),
    shift: value('bias'),
    inverse: at.inverse,
    eps: at.eps,
    rectify: place.graph.rectified(node.id),
  };
  if (train) return { op: 'normTrain', ...common, mean: at.mean, variance: at.variance };
  return { op: 'normEval', ...common, mean: value('running_mean'), variance: value('running_var') };
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
