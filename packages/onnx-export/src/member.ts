/**
 * Tickets of one architecture as nodes of the graph: a walk over their spec. One ticket is a network of its own; several stand side by side
 * in one network that is as many times as wide, (batch, tickets * C, ...), ticket by ticket. What all see alike, above all the images, is
 * computed once. Names begin with `prefix`, as in `member0/conv1.weight`, whose first axis is ticket by ticket too.
 */
import { type ModelState, type Network, type NodeId, type NodeSpec, SparseError } from '@freetickets/sparse-core';
import { addConv } from './conv.ts';
import { addNode, type Graph } from './graph.ts';
import { addLinear } from './linear.ts';
import { addBatchNorm } from './normalize.ts';
import { stackedValues } from './parameters.ts';
import { addGlobalAveragePool, addPool } from './pool.ts';
import { addConcat } from './side-by-side.ts';

/** A tensor in the graph. `shared`: all tickets see the same one, (batch, C, ...). */
export interface Value {
  readonly name: string;
  readonly shared: boolean;
  /** Of one sample, as one ticket sees it. */
  readonly shape: readonly number[];
}

/** The tickets' numbers for one node: undefined where it has none of that name. */
export type Parameters = (part: 'weight' | 'bias' | 'running_mean' | 'running_var') => Float32Array | undefined;

/** @param images name of the tensor (batch, ...) that every ticket sees. @returns the name of the logits (batch, tickets * heads * classes) */
export function addTickets(graph: Graph, prefix: string, images: string, net: Network, states: readonly ModelState[]): string {
  const tickets = states.length;
  const values = new Map<NodeId, Value>([['input', { name: images, shared: tickets > 1, shape: net.spec.input.shape }]]);
  for (const node of net.spec.nodes) {
    const parameters: Parameters = (part) => stackedValues(net, states, `${node.id}.${part}`);
    let inputs = node.from.map((id) => values.get(id)!);
    // What has numbers of its own makes values of its own; what only joins others does where one of them is.
    const own = node.op === 'batchNorm' || !inputs.every(({ shared }) => shared);
    if (own && node.op !== 'conv2d' && node.op !== 'linear') inputs = inputs.map((input) => ofEach(graph, input, tickets));
    const name = addOperation(graph, `${prefix}${node.id}`, node, inputs, tickets, parameters);
    const shared = !own && node.op !== 'conv2d' && node.op !== 'linear';
    values.set(node.id, { name, shared, shape: net.shapes.get(node.id)! });
  }
  return ofEach(graph, values.get(net.spec.output)!, tickets).name;
}

/** A shared tensor once for each ticket. */
function ofEach(graph: Graph, value: Value, tickets: number): Value {
  if (!value.shared) return value;
  const name = `${value.name}/each`;
  const known = graph.nodes.some(({ output }) => output[0] === name);
  if (!known) addNode(graph, 'Concat', name, Array<string>(tickets).fill(value.name), { axis: 1 }, name);
  return { ...value, name, shared: false };
}

function addOperation(
  graph: Graph,
  name: string,
  node: NodeSpec,
  inputs: readonly Value[],
  tickets: number,
  parameters: Parameters,
): string {
  const input = inputs[0]!;
  const names = inputs.map((value) => value.name);
  switch (node.op) {
    case 'conv2d':
      return addConv(graph, name, input, node, tickets, parameters);
    case 'linear':
      return addLinear(graph, name, input, node, tickets, parameters);
    case 'batchNorm':
      return addBatchNorm(graph, name, input.name, node, parameters);
    case 'maxPool':
    case 'avgPool':
      return addPool(graph, name, input.name, node);
    case 'globalAvgPool':
      return addGlobalAveragePool(graph, name, input.name);
    case 'relu':
      return addNode(graph, 'Relu', name, names);
    case 'add':
      return addNode(graph, 'Add', name, names);
    case 'concat':
      return addConcat(graph, name, inputs, tickets);
    case 'dropout':
      return input.name;
    case 'memberScale':
      throw new SparseError('INVALID_ARGUMENT', `node ${node.id}`, 'a network of one member', node.op, 'Split the ticket into its members');
    case 'flatten':
      return addNode(graph, 'Flatten', name, names, { axis: 1 });
  }
}
