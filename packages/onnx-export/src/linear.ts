import type { Affine } from './fold.ts';
import { addFloats, addNode, type Graph } from './graph.ts';

/** Gemm: y = x W^T + b, weights (O, I). */
export function addLinear(graph: Graph, name: string, input: string, { shape, weight, bias }: Affine): string {
  const constants = [addFloats(graph, `${name}.weight`, shape, weight)];
  if (bias) constants.push(addFloats(graph, `${name}.bias`, [bias.length], bias));
  return addNode(graph, 'Gemm', name, [input, ...constants], { transB: 1 });
}
