/** One member of the ensemble as nodes of the graph: a walk over its spec. Names of a member begin with its prefix, `member0/`. */
import { type ModelState, type Network, type NodeId, type NodeSpec, SparseError } from '@freetickets/sparse-core';
import { addConv } from './conv.ts';
import { foldableBatchNorms, foldBatchNorm } from './fold.ts';
import { addNode, type Graph } from './graph.ts';
import { addLinear } from './linear.ts';
import { addBatchNorm } from './normalize.ts';
import { affineOf, batchNormOf } from './parameters.ts';
import { addGlobalAveragePool, addPool } from './pool.ts';

/** @param images name of the tensor (batch, ...) that the member sees. @returns the name of its logits (batch, classes) */
export function addMember(graph: Graph, prefix: string, images: string, net: Network, state: ModelState): string {
  const foldable = foldableBatchNorms(net);
  const tensors = new Map<NodeId, string>([['input', images]]);
  for (const node of net.spec.nodes) {
    if (tensors.has(node.id)) continue; // a batch norm that was folded into the layer before it
    const inputs = node.from.map((id) => tensors.get(id)!);
    const batchNorm = foldable.get(node.id);
    const output = addOperation(graph, `${prefix}${node.id}`, inputs, net, state, node, batchNorm);
    tensors.set(node.id, output);
    if (batchNorm) tensors.set(batchNorm.id, output);
  }
  return tensors.get(net.spec.output)!;
}

function addOperation(
  graph: Graph,
  name: string,
  inputs: readonly string[],
  net: Network,
  state: ModelState,
  node: NodeSpec,
  folded: (NodeSpec & { op: 'batchNorm' }) | undefined,
): string {
  const input = inputs[0]!;
  switch (node.op) {
    case 'conv2d':
    case 'linear': {
      const own = affineOf(net, state, node);
      const affine = folded ? foldBatchNorm(own, batchNormOf(net, state, folded)) : own;
      return node.op === 'conv2d' ? addConv(graph, name, input, node, affine) : addLinear(graph, name, input, affine);
    }
    case 'batchNorm':
      return addBatchNorm(graph, name, input, batchNormOf(net, state, node));
    case 'maxPool':
    case 'avgPool':
      return addPool(graph, name, input, node);
    case 'globalAvgPool':
      return addGlobalAveragePool(graph, name, input);
    case 'relu':
      return addNode(graph, 'Relu', name, inputs);
    case 'add':
      return addNode(graph, 'Add', name, inputs);
    case 'concat':
      return addNode(graph, 'Concat', name, inputs, { axis: 1 });
    case 'dropout':
      return input;
    case 'memberScale':
      throw new SparseError('INVALID_ARGUMENT', `node ${node.id}`, 'a network of one member', node.op, 'Split the ticket into its members');
    case 'flatten':
      return addNode(graph, 'Flatten', name, inputs, { axis: 1 });
  }
}
