/** TreeNet: members share the first layers of a network and have the last ones for themselves. */
import { SparseError } from '../errors.ts';
import type { NetworkSpec, NodeId, NodeSpec } from '../spec.ts';
import { checkPlain, isLayer } from './spec-graph.ts';

export interface TreeNetOptions {
  readonly members: number;
  /**
   * How many of the last stages each member has for itself; a stage is a residual block, or any other layer, the classifier included. What stands
   * between the last shared stage and the first own layer is shared. Default: two thirds of all, rounded.
   */
  readonly own?: number | undefined;
}

/**
 * The trunk, then a copy of the rest for each member (`member0.<node>`, ...), and the members' logits joined in `heads`.
 * @throws SparseError INVALID_ARGUMENT for a network that members share already, or unless at least one stage is shared and one is not
 * @source arXiv:1511.06314. With the default the eight last blocks of WRN-28-10 and its classifier branch, as in bramgrooten/neurotrails
 */
export function treeNet(spec: NetworkSpec, options: TreeNetOptions): NetworkSpec {
  const { members } = options;
  checkPlain(spec, members);
  const stages = stagesOf(spec);
  const { own = Math.round((2 / 3) * stages.length) } = options;
  if (!Number.isInteger(own) || own < 1 || own >= stages.length) {
    const expected = `a whole number from 1 to ${stages.length - 1}: ${spec.name} has ${stages.length} stages, of which one at least is shared`;
    throw new SparseError('INVALID_ARGUMENT', 'own', expected, own);
  }
  const start = stages[stages.length - own]!;
  const rest = spec.nodes.slice(start);
  const copied = new Set(rest.map(({ id }) => id));
  const branches = Array.from({ length: members }, (_, member) => {
    const named = (id: NodeId) => (copied.has(id) ? `member${member}.${id}` : id);
    return {
      nodes: rest.map((node): NodeSpec => ({ ...node, id: named(node.id), from: node.from.map(named) })),
      output: named(spec.output),
    };
  });
  const heads: NodeSpec = { id: 'heads', op: 'concat', from: branches.map(({ output }) => output) };
  const nodes = [...spec.nodes.slice(0, start), ...branches.flatMap((branch) => branch.nodes), heads];
  return { ...spec, name: `${spec.name}-tree-${members}`, nodes, output: heads.id, heads: members };
}

/** Where the stages begin. The graph falls apart wherever a single value goes on; a part with at least one layer is a stage. */
function stagesOf({ nodes }: NetworkSpec): number[] {
  const lastUse = new Map<NodeId, number>();
  nodes.forEach(({ from }, index) => {
    for (const id of from) lastUse.set(id, index);
  });
  const stages: number[] = [];
  let begin = 0;
  let needed = lastUse.get('input') ?? 0;
  nodes.forEach(({ id }, index) => {
    const goesOnAlone = needed <= index;
    needed = Math.max(needed, lastUse.get(id) ?? 0);
    if (!goesOnAlone) return;
    if (nodes.slice(begin, index + 1).some(isLayer)) stages.push(begin);
    begin = index + 1;
  });
  return stages;
}
