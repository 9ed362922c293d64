/**
 * What a network makes of a picture before it names a class: the input of its last linear layer. As a network of its own, so that any engine
 * computes it; a pure function of specs and parameters.
 */
import { type ModelState, type NetworkSpec, type NodeId, type NodeSpec, SparseError } from '@freetickets/sparse-core';

/**
 * The part of a model that computes its features, as a model whose "logits" they are. Where several linear layers end the network (one for each
 * branch), their inputs come one after the other.
 * @returns without momentum
 * @throws SparseError INVALID_ARGUMENT for a network in which no linear layer leads to the output
 */
export function featureModel({ spec, topology, values, step }: ModelState): ModelState {
  const byId = new Map(spec.nodes.map((node) => [node.id, node]));
  const ends = [...new Set(lastLinear(byId, spec.output).map(({ from }) => from[0]!))];
  if (ends.length === 0)
    throw new SparseError('INVALID_ARGUMENT', spec.name, 'a network that ends in a linear layer', new Error('one without it'));
  const cut = cutAt(spec, byId, ends);
  const kept = new Set(cut.nodes.map(({ id }) => id));
  const isKept = ([param]: readonly [string, unknown]) => kept.has(param.slice(0, param.lastIndexOf('.')));
  return { spec: cut, topology: new Map([...topology].filter(isKept)), values: new Map([...values].filter(isKept)), step };
}

/** The first linear layers that are met on the ways back from a node. */
function lastLinear(byId: ReadonlyMap<NodeId, NodeSpec>, id: NodeId): NodeSpec[] {
  const node = byId.get(id);
  if (!node) return []; // the input
  return node.op === 'linear' ? [node] : node.from.flatMap((from) => lastLinear(byId, from));
}

/** The nodes that `ends` need, and one more that is the output where there are several of them, or where it is the input itself. */
function cutAt(spec: NetworkSpec, byId: ReadonlyMap<NodeId, NodeSpec>, ends: readonly NodeId[]): NetworkSpec {
  const needed = new Set<NodeId>();
  const need = (id: NodeId): void => {
    const node = byId.get(id);
    if (!node || needed.has(id)) return;
    needed.add(id);
    node.from.forEach(need);
  };
  ends.forEach(need);
  const { heads: _, ...rest } = spec;
  const nodes = spec.nodes.filter(({ id }) => needed.has(id));
  const [only] = ends as [NodeId];
  if (ends.length === 1 && only !== 'input') return { ...rest, nodes, output: only };
  let output = 'features';
  while (byId.has(output)) output += '_';
  const last: NodeSpec = ends.length > 1 ? { id: output, op: 'concat', from: ends } : { id: output, op: 'flatten', from: ends };
  return { ...rest, nodes: [...nodes, last], output };
}
