import type { NodeSpec } from '@freetickets/sparse-core';
import { addNode, addWeights, type Graph } from './graph.ts';
import type { Parameters, Value } from './member.ts';
import { addBatchedProduct } from './side-by-side.ts';

/** y = x W^T + b: a Gemm with weights (O, I), or (tickets * O, I) where tickets share the input; else a batch of products, (tickets, O, I). */
export function addLinear(
  graph: Graph,
  name: string,
  input: Value,
  { out }: NodeSpec & { op: 'linear' },
  tickets: number,
  parameters: Parameters,
): string {
  const [features] = input.shape as readonly [number];
  const [weight, bias] = [parameters('weight')!, parameters('bias')];
  const batched = tickets > 1 && !input.shared;
  const lead = batched ? [tickets, out] : [tickets * out];
  const constants = [addWeights(graph, `${name}.weight`, [...lead, features], weight)];
  if (bias) constants.push(addWeights(graph, `${name}.bias`, batched ? [...lead, 1] : lead, bias));
  if (batched) return addBatchedProduct(graph, name, input, constants, tickets);
  return addNode(graph, 'Gemm', name, [input.name, ...constants], { transB: 1 });
}
