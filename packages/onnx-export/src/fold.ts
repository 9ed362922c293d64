/**
 * At inference batch normalisation is one multiplication and one addition per channel, so it can live in the weights of the layer before it:
 * one operator less to run and nothing lost but rounding. Dead weights stay dead.
 */
import { type ModelState, type Network, type NodeId, type NodeSpec, network, type ParamName } from '@freetickets/sparse-core';

type BatchNorm = NodeSpec & { readonly op: 'batchNorm' };

/** A ticket that answers as this one does, less the batch norms whose layer feeds nothing else. */
export function foldBatchNorms(net: Network, state: ModelState): ModelState {
  const foldable = foldableBatchNorms(net);
  if (foldable.size === 0) return state;
  const folded = new Map([...foldable].map(([layer, { id }]) => [id, layer]));
  const nodes = net.spec.nodes
    .filter(({ id }) => !folded.has(id))
    .map((node) => {
      const rewired = { ...node, from: node.from.map((id) => folded.get(id) ?? id) };
      return foldable.has(node.id) ? { ...rewired, bias: true } : rewired;
    });
  const spec = { ...net.spec, nodes: nodes as readonly NodeSpec[], output: folded.get(net.spec.output) ?? net.spec.output };
  const values = new Map<ParamName, Float32Array>();
  for (const [param, { node }] of network(spec).params) {
    const norm = foldable.get(node);
    if (!norm) values.set(param, state.values.get(param)!);
    else if (!values.has(param)) for (const [name, own] of foldInto(net, state, node, norm)) values.set(name, own);
  }
  return { spec, topology: state.topology, values, step: state.step };
}

/** Which batch norms may be folded, by the id of the layer before them: those whose layer feeds nothing else and is not the output. */
function foldableBatchNorms(net: Network): ReadonlyMap<NodeId, BatchNorm> {
  const uses = new Map<NodeId, number>([[net.spec.output, 1]]);
  for (const node of net.spec.nodes) for (const id of node.from) uses.set(id, (uses.get(id) ?? 0) + 1);
  const foldable = new Map<NodeId, BatchNorm>();
  for (const node of net.spec.nodes) {
    const [source] = node.from;
    if (node.op !== 'batchNorm' || source === undefined || source === 'input' || uses.get(source) !== 1) continue;
    const { op } = net.node(source);
    if (op === 'conv2d' || op === 'linear') foldable.set(source, node);
  }
  return foldable;
}

/** w' = w g and b' = (b - mean) g + shift with g = scale / sqrt(variance + eps), in float64 and rounded once. */
function foldInto(net: Network, state: ModelState, layer: NodeId, norm: BatchNorm): [ParamName, Float32Array][] {
  const of = (param: ParamName) => state.values.get(param)!;
  const [scale, shift, mean, variance] = (['weight', 'bias', 'running_mean', 'running_var'] as const).map((part) =>
    of(`${norm.id}.${part}`),
  ) as [Float32Array, Float32Array, Float32Array, Float32Array];
  const gain = Float64Array.from(scale, (s, o) => s / Math.sqrt(variance[o]! + (norm.eps ?? 1e-5)));
  const name: ParamName = `${layer}.weight`;
  const fanIn = net.params.get(name)!.size / gain.length;
  const live = state.topology.get(name)?.live;
  const bias = state.values.get(`${layer}.bias`);
  return [
    [name, of(name).map((w, k) => w * gain[Math.floor((live?.[k] ?? k) / fanIn)]!)],
    [`${layer}.bias`, shift.map((s, o) => ((bias?.[o] ?? 0) - mean[o]!) * gain[o]! + s)],
  ];
}
