/** Operations that have to take (batch, tickets * C, ...) apart into tickets. */
import { addIntegers, addNode, type Graph } from './graph.ts';
import type { Value } from './member.ts';

/** W x + b of each ticket: x (batch, tickets * I), W (tickets, O, I), b (tickets, O, 1) or none. The batch comes last inside. */
export function addBatchedProduct(
  graph: Graph,
  name: string,
  { name: input, shape: [features] }: Value,
  [weight, bias]: readonly string[],
  tickets: number,
): string {
  const apart = addIntegers(graph, `${name}/apart.shape`, [0, tickets, features!]);
  const rows = addNode(graph, 'Reshape', `${name}/apart`, [input, apart]);
  const columns = addNode(graph, 'Transpose', `${name}/columns`, [rows], { perm: [1, 2, 0] });
  const product = addNode(graph, 'MatMul', `${name}/product`, [weight!, columns]);
  const sum = bias === undefined ? product : addNode(graph, 'Add', `${name}/sum`, [product, bias]);
  const back = addNode(graph, 'Transpose', `${name}/rows`, [sum], { perm: [2, 0, 1] });
  return addNode(graph, 'Flatten', name, [back], { axis: 1 });
}

/** The channels (or features) of all inputs, ticket by ticket. */
export function addConcat(graph: Graph, name: string, inputs: readonly Value[], tickets: number): string {
  const names = inputs.map((input) => input.name);
  if (tickets === 1 || inputs[0]!.shared) return addNode(graph, 'Concat', name, names, { axis: 1 });
  const [, ...plane] = inputs[0]!.shape;
  const parts = inputs.map(({ name: input, shape }, k) => {
    const apart = addIntegers(graph, `${name}/apart${k}.shape`, [0, tickets, ...shape]);
    return addNode(graph, 'Reshape', `${name}/apart${k}`, [input, apart]);
  });
  const joined = addNode(graph, 'Concat', `${name}/joined`, parts, { axis: 2 });
  const channels = inputs.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return addNode(graph, 'Reshape', name, [joined, addIntegers(graph, `${name}.shape`, [0, tickets * channels, ...plane])]);
}
