/** Monte Carlo dropout: the members are passes through one network, each with other units left out, in training and in prediction. */
import { SparseError } from '../errors.ts';
import type { NetworkSpec, NodeId, NodeSpec } from '../spec.ts';
import { usersOf } from './spec-graph.ts';

/**
 * The network with dropout on the residual branch of each block, after its first convolution (right before the second), and before every linear layer
 * but the first.
 * @param rate share that is left out, in [0, 1)
 * @throws SparseError INVALID_ARGUMENT when the network has no such place, or for another rate
 * @source arXiv:1506.02142; the place in residual blocks is that of google/uncertainty-baselines
 */
export function withDropout(spec: NetworkSpec, rate: number): NetworkSpec {
  if (!(rate >= 0 && rate < 1)) throw new SparseError('INVALID_ARGUMENT', 'rate', 'a number from 0 to below 1', rate);
  const linear = spec.nodes.filter(({ op }) => op === 'linear').map(({ id }) => id);
  const places = new Set([...linear.slice(1), ...secondConvolutions(spec)]);
  if (places.size === 0) {
    const expected = 'residual blocks or at least two linear layers, where dropout has a place';
    throw new SparseError('INVALID_ARGUMENT', spec.name, expected, new Error('a network of neither'));
  }
  const nodes = spec.nodes.flatMap((node): readonly NodeSpec[] => {
    if (!places.has(node.id)) return [node];
    const id = `${node.id}.dropout`;
    return [
      { id, op: 'dropout', from: node.from, rate },
      { ...node, from: [id] },
    ];
  });
  return { ...spec, name: `${spec.name}-dropout`, nodes };
}

/** Of each branch that ends in an addition and has at least two convolutions; a shortcut has one or none. */
function secondConvolutions(spec: NetworkSpec): NodeId[] {
  const users = usersOf(spec);
  const byId = new Map(spec.nodes.map((node) => [node.id, node]));
  const branch = (id: NodeId): NodeId[] => {
    const node = byId.get(id);
    if (!node || node.from.length > 1 || users(id).length > 1) return [];
    const before = branch(node.from[0]!);
    return node.op === 'conv2d' ? [...before, id] : before;
  };
  const branches = spec.nodes.filter(({ op }) => op === 'add').flatMap(({ from }) => from.map(branch));
  return branches.flatMap((convolutions) => convolutions.slice(1, 2));
}
