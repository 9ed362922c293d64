/** A network of several heads as one network for each, for whoever asks members one by one. */
import { SparseError } from '../errors.ts';
import type { NodeId, NodeSpec, ParamName } from '../spec.ts';
import type { ModelState } from '../state.ts';
import { isLayer } from './spec-graph.ts';

/**
 * One ticket for each head; of a TreeNet with its own branch, under the names of the plain network. What heads share stands in each of them. A state of
 * one head is its own only one.
 * @throws SparseError INVALID_SPEC unless the output is a linear layer for all heads, or joins one node for each
 */
export function splitHeads(state: ModelState): readonly ModelState[] {
  const { heads = 1, ...spec } = state.spec;
  const output = spec.nodes.find(({ id }) => id === spec.output)!;
  if (heads === 1) return [state];
  const branches = output.op === 'concat' && output.from.length === heads ? output.from : undefined;
  if (!branches && output.op !== 'linear') {
    const expected = `a linear layer for all ${heads} heads, or a concat node of one node for each`;
    throw new SparseError('INVALID_SPEC', `${spec.name}: output`, expected, output);
  }
  return Array.from({ length: heads }, (_, head) =>
    branches ? branchOf({ ...state, spec }, head, branches[head]!) : rowsOf({ ...state, spec }, output, head, heads),
  );
}

/** What the node `output` needs, and nothing else. */
function branchOf({ spec, topology, values, step }: ModelState, head: number, output: NodeId): ModelState {
  const needed = new Set([output]);
  for (const { id, from } of spec.nodes.toReversed()) if (needed.has(id)) for (const source of from) needed.add(source);
  const prefix = `member${head}.`;
  const plain = <Id extends string>(id: Id): Id => (id.startsWith(prefix) ? (id.slice(prefix.length) as Id) : id);
  const nodes = spec.nodes
    .filter(({ id }) => needed.has(id))
    .map((node): NodeSpec => ({ ...node, id: plain(node.id), from: node.from.map(plain) }));
  const own = <Value>(map: ReadonlyMap<ParamName, Value>) =>
    new Map(
      [...map]
        .filter(([param]) => needed.has(param.slice(0, param.lastIndexOf('.'))))
        .map(([param, value]) => [plain(param), value] as const),
    );
  return { spec: { ...spec, nodes, output: plain(output) }, topology: own(topology), values: own(values), step };
}

/** The rows of one head in the layer of all. */
function rowsOf({ spec, topology, values, step }: ModelState, output: NodeSpec, head: number, heads: number): ModelState {
  const nodes = spec.nodes.map((node): NodeSpec => (node === output && isLayer(node) ? { ...node, out: node.out / heads } : node));
  const part = <Numbers extends Float32Array | Uint32Array>(all: Numbers, from: number, to: number) => all.slice(from, to) as Numbers;
  const own = { topology: new Map(topology), values: new Map(values) };
  for (const param of [`${output.id}.weight`, `${output.id}.bias`] as const) {
    const all = values.get(param);
    const layer = topology.get(param);
    if (!all) continue;
    if (!layer) {
      own.values.set(param, part(all, (head * all.length) / heads, ((head + 1) * all.length) / heads));
      continue;
    }
    const [rows, columns] = layer.shape as readonly [number, number];
    const size = (rows * columns) / heads;
    const places = [head * size, (head + 1) * size].map((limit) => layer.live.filter((position) => position < limit).length);
    const live = part(layer.live, places[0]!, places[1]!).map((position) => position - head * size);
    own.topology.set(param, { shape: [rows / heads, columns], live });
    own.values.set(param, part(all, places[0]!, places[1]!));
  }
  return { spec: { ...spec, nodes }, ...own, step };
}
