import type { NodeSpec } from '@freetickets/sparse-core';
import { addNode, type Graph } from './graph.ts';

/** MaxPool (padding counts as minus infinity, in ONNX as in the spec) or AveragePool (no padding). */
export function addPool(graph: Graph, name: string, input: string, node: NodeSpec & { op: 'maxPool' | 'avgPool' }): string {
  const { op, kernel, stride = kernel } = node;
  const window = { kernel_shape: [kernel, kernel], strides: [stride, stride] };
  if (op === 'avgPool') return addNode(graph, 'AveragePool', name, [input], window);
  const { pad = 0 } = node;
  return addNode(graph, 'MaxPool', name, [input], { ...window, pads: [pad, pad, pad, pad] });
}

/** GlobalAveragePool leaves (N, C, 1, 1); the spec means (N, C). */
export function addGlobalAveragePool(graph: Graph, name: string, input: string): string {
  const pooled = addNode(graph, 'GlobalAveragePool', `${name}/mean`, [input]);
  return addNode(graph, 'Flatten', name, [pooled], { axis: 1 });
}
