import type { NodeSpec } from '@freetickets/sparse-core';
import { addNode, addWeights, type Graph } from './graph.ts';
import type { Parameters, Value } from './member.ts';

/**
 * Conv: weights (O, I, kh, kw), square kernel, the same zero padding on all four sides. Of several tickets (tickets * O, I, kh, kw): a group
 * for each ticket, or a single one where all see the same input.
 */
export function addConv(
  graph: Graph,
  name: string,
  { name: input, shared, shape }: Value,
  { out, kernel, stride = 1, pad = 0 }: NodeSpec & { op: 'conv2d' },
  tickets: number,
  parameters: Parameters,
): string {
  const constants = [addWeights(graph, `${name}.weight`, [tickets * out, shape[0]!, kernel, kernel], parameters('weight')!)];
  const bias = parameters('bias');
  if (bias) constants.push(addWeights(graph, `${name}.bias`, [bias.length], bias));
  return addNode(graph, 'Conv', name, [input, ...constants], {
    kernel_shape: [kernel, kernel],
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
    ...(tickets > 1 && !shared && { group: tickets }),
  });
}
