/** Questions about the graph of a spec, and small changes of it, that the one-pass ensembles share. */
import { SparseError } from '../errors.ts';
import type { NetworkSpec, NodeId, NodeSpec } from '../spec.ts';

export type LayerNode = NodeSpec & { readonly op: 'conv2d' | 'linear' };

/** A node with a weight. */
export const isLayer = (node: NodeSpec | undefined): node is LayerNode => node?.op === 'conv2d' || node?.op === 'linear';

/** The nodes that start from each node, or from `input`. */
export function usersOf({ nodes }: NetworkSpec): (id: NodeId) => readonly NodeSpec[] {
  const users = new Map<NodeId, NodeSpec[]>();
  for (const node of nodes) for (const id of node.from) users.set(id, [...(users.get(id) ?? []), node]);
  return (id) => users.get(id) ?? [];
}

/** @throws SparseError INVALID_ARGUMENT unless members can share the network: it must not have several heads or members already */
export function checkPlain({ name, heads = 1, nodes }: NetworkSpec, members: number): void {
  if (!Number.isInteger(members) || members < 1)
    throw new SparseError('INVALID_ARGUMENT', 'members', 'a whole number of at least 1', members);
  if (heads > 1) throw new SparseError('INVALID_ARGUMENT', `${name}: heads`, 'a network of one head', heads);
  const scale = nodes.find(({ op }) => op === 'memberScale');
  if (scale) throw new SparseError('INVALID_ARGUMENT', `${name}: node ${scale.id}`, 'a network of one member', scale.op);
}
