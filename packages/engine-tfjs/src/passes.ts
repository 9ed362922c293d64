/** Through a network and back: each node's operation, and what becomes of the tensors between them. */
import type { Network, NodeId, NodeSpec, OpName, ParamName } from '@freetickets/sparse-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Computed, NodeOf, Pass } from './operations/computed.ts';
import { conv2d, linear } from './operations/layers.ts';
import { add, concat, flatten, relu } from './operations/moves.ts';
import { batchNorm } from './operations/norm.ts';
import { avgPool, globalAvgPool, maxPool } from './operations/pool.ts';
import { dropout, memberScale } from './operations/samples.ts';
import { tidied } from './tensorflow.ts';

const OPERATIONS: { readonly [Name in OpName]: (node: NodeOf<Name>, inputs: readonly Tensor[], pass: Pass) => Computed } = {
  conv2d,
  linear,
  batchNorm,
  maxPool,
  avgPool,
  globalAvgPool,
  relu,
  add,
  concat,
  flatten,
  dropout,
  memberScale,
};

/** The table has the right function for each node, which its type cannot say. */
const compute = (node: NodeSpec, inputs: readonly Tensor[], pass: Pass): Computed =>
  (OPERATIONS[node.op] as (node: NodeSpec, inputs: readonly Tensor[], pass: Pass) => Computed)(node, inputs, pass);

/** The output alone; what no later node reads is released at once. */
export function predictPass(net: Network, pass: Pass, images: Tensor): Tensor {
  const { nodes, output } = net.spec;
  const lastReader = new Map<NodeId, number>(nodes.flatMap(({ from }, k) => from.map((id) => [id, k] as const)));
  const values = new Map<NodeId, Tensor>([['input', images]]);
  for (const [k, node] of nodes.entries()) {
    values.set(
      node.id,
      tidied(pass.tf, () => compute(node, inputsOf(node, values), pass).output),
    );
    for (const id of new Set([...node.from, node.id])) if (id !== output && (lastReader.get(id) ?? k) === k) values.get(id)!.dispose();
  }
  return values.get(output)!;
}

/** What every node computed, for the way back. */
export function forwardPass(net: Network, pass: Pass, images: Tensor): ReadonlyMap<NodeId, Computed> {
  const values = new Map<NodeId, Tensor>([['input', images]]);
  const found = new Map<NodeId, Computed>();
  for (const node of net.spec.nodes) {
    const computed = tidied(pass.tf, () => compute(node, inputsOf(node, values), pass));
    found.set(node.id, computed);
    values.set(node.id, computed.output);
  }
  return found;
}

const inputsOf = ({ from }: NodeSpec, values: ReadonlyMap<NodeId, Tensor>): Tensor[] => from.map((id) => values.get(id)!);

export interface Way {
  /** Of every parameter that is trained and that the output depends on; empty unless asked for. */
  readonly params: ReadonlyMap<ParamName, Tensor>;
  /** Of the images, if asked for. */
  readonly images: Tensor | undefined;
}

/**
 * @param gradient of the loss with respect to the output
 * @param of which gradients are wanted
 */
export function backwardPass(
  net: Network,
  { tf }: Pass,
  found: ReadonlyMap<NodeId, Computed>,
  gradient: Tensor,
  of: 'params' | 'images',
): Way {
  const wanted = reachedFrom(net, of);
  const gradients = new Map<NodeId, Tensor>([[net.spec.output, gradient]]);
  const params = new Map<ParamName, Tensor>();
  for (const node of net.spec.nodes.toReversed()) {
    const arrived = gradients.get(node.id);
    const { backward, output, kept = [] } = found.get(node.id)!;
    if (arrived && wanted.has(node.id)) {
      const wantedInputs = node.from.map((id) => wanted.has(id));
      const own = tidied(tf, () => backward(arrived, wantedInputs));
      for (const [key, value] of Object.entries(own.params ?? {})) params.set(`${node.id}.${key}` as ParamName, value);
      for (const [k, id] of node.from.entries()) collect(gradients, id, wantedInputs[k] ? own.inputs[k] : undefined, tf.add);
    }
    for (const done of [arrived, output, ...kept]) done?.dispose();
  }
  return { params, images: gradients.get('input') };
}

function collect(gradients: Map<NodeId, Tensor>, id: NodeId, more: Tensor | undefined, add: (a: Tensor, b: Tensor) => Tensor): void {
  if (!more) return;
  const before = gradients.get(id);
  gradients.set(id, before ? add(before, more) : more);
  if (before) for (const part of [before, more]) part.dispose();
}

/** Nodes whose gradients are needed: those with or behind a parameter, or behind the images. */
function reachedFrom(net: Network, of: 'params' | 'images'): ReadonlySet<NodeId> {
  const owners = new Set([...net.params.values()].map(({ node }) => node));
  const reached = new Set<NodeId>(of === 'images' ? ['input'] : []);
  for (const { id, from } of net.spec.nodes)
    if ((of === 'params' && owners.has(id)) || from.some((one) => reached.has(one))) reached.add(id);
  return reached;
}
