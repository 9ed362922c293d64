/** One layer of a given shape as a network, so that it can be planned and profiled; and a list of layers, to share weights out among them. */
import { erk, initialState, type ModelState, type Network, type NetworkSpec, type NodeSpec, network, rng } from '@freetickets/sparse-core';
import type { LayerShape } from './tasks.ts';

/** The id of the layer in `layerNetwork`. */
export const LAYER = 'layer';

const isLinear = ({ height, width, kernel }: LayerShape): boolean => height * width * kernel === 1;

function layerNode(shape: LayerShape, id: string, from: string): NodeSpec {
  const { outputs, kernel, stride, pad } = shape;
  if (isLinear(shape)) return { id, op: 'linear', from: [from], out: outputs, bias: false };
  return { id, op: 'conv2d', from: [from], out: outputs, kernel, stride, pad, bias: false };
}

/** A batch norm stands before the layer: something is trained there, so the layer's input needs a gradient. */
export function layerNetwork(shape: LayerShape): Network {
  const { inputs, height, width } = shape;
  const linear = isLinear(shape);
  const nodes: NodeSpec[] = [{ id: 'norm', op: 'batchNorm', from: ['input'] }, layerNode(shape, LAYER, 'norm')];
  if (!linear) nodes.push({ id: 'pool', op: 'globalAvgPool', from: [LAYER] });
  const input = { shape: linear ? [inputs] : [inputs, height, width] };
  return network({ version: 1, name: 'layer', input, nodes, output: linear ? LAYER : 'pool' } satisfies NetworkSpec);
}

/** The layer with `live` weights, drawn at random; all of them: dense. */
export function layerState(net: Network, live: number, seed: number): ModelState {
  const { shape, size } = net.params.get(`${LAYER}.weight`)!;
  const topology = new Map(
    live < size ? [[`${LAYER}.weight` as const, { shape, live: rng(seed).stream('layer').sample(size, live) }]] : [],
  );
  return initialState(net, topology, seed);
}

/**
 * Live weights of each layer at this sparsity by ERK, in the order of the list. The network made for it has every layer on its own behind a
 * dense one that gives it its channels: ERK asks for the shapes of weights only.
 */
export function erkCounts(layers: readonly LayerShape[], sparsity: number): number[] {
  const nodes: NodeSpec[] = [{ id: 'flat', op: 'flatten', from: ['input'] }];
  for (const [index, layer] of layers.entries()) {
    const [before, id] = [`before${index}`, `layer${index}`];
    if (isLinear(layer)) nodes.push({ id: before, op: 'linear', from: ['flat'], out: layer.inputs, bias: false, dense: true });
    else nodes.push({ id: before, op: 'conv2d', from: ['input'], out: layer.inputs, kernel: 1, bias: false, dense: true });
    // One pixel, padded as far as the kernel reaches.
    nodes.push(layerNode({ ...layer, pad: layer.kernel, stride: 1 }, id, before));
  }
  nodes.push({ id: 'output', op: 'linear', from: ['flat'], out: 2, dense: true });
  const counts = erk()(network({ version: 1, name: 'layers', input: { shape: [1, 1, 1] }, nodes, output: 'output' }), sparsity);
  return layers.map((_, index) => counts.get(`layer${index}.weight`)!);
}
