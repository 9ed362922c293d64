import type { NodeSpec } from '@freetickets/sparse-core';
import type { Affine } from './fold.ts';
import { addFloats, addNode, type Graph } from './graph.ts';

/** Conv: weights (O, I, kh, kw), square kernel, the same zero padding on all four sides. */
export function addConv(
  graph: Graph,
  name: string,
  input: string,
  node: NodeSpec & { op: 'conv2d' },
  { shape, weight, bias }: Affine,
): string {
  const { kernel, stride = 1, pad = 0 } = node;
  const constants = [addFloats(graph, `${name}.weight`, shape, weight)];
  if (bias) constants.push(addFloats(graph, `${name}.bias`, [bias.length], bias));
  return addNode(graph, 'Conv', name, [input, ...constants], {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
  });
}
