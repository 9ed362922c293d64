/** BatchEnsemble: members share every weight and differ in factors of their own, one for each channel that enters a layer and each that leaves it. */
import { SparseError } from '../errors.ts';
import type { NetworkSpec, NodeId, NodeSpec, ParamName } from '../spec.ts';
import type { ModelState } from '../state.ts';
import type { LayerTopology } from '../topology.ts';
import { checkPlain, isLayer, type LayerNode, usersOf } from './spec-graph.ts';

/**
 * The network with a node `<layer>.r` of members' factors before each convolution and linear layer and one, `<layer>.s`, after it. The second
 * scales the bias too.
 * @throws SparseError INVALID_ARGUMENT for a network that members share already
 * @source arXiv:2002.06715: y = s * conv(x * r; W)
 */
export function batchEnsemble(spec: NetworkSpec, members: number): NetworkSpec {
  checkPlain(spec, members);
  const layers = new Set(spec.nodes.filter(isLayer).map(({ id }) => id));
  const scaled = (id: NodeId) => (layers.has(id) ? `${id}.s` : id);
  const nodes = spec.nodes.flatMap((node): readonly NodeSpec[] => {
    const from = node.from.map(scaled);
    if (!isLayer(node)) return [{ ...node, from }];
    return [
      { id: `${node.id}.r`, op: 'memberScale', from, members },
      { ...node, from: [`${node.id}.r`] },
      { id: `${node.id}.s`, op: 'memberScale', from: [node.id], members },
    ];
  });
  return { ...spec, nodes, output: scaled(spec.output) };
}

type ScaleNode = NodeSpec & { readonly op: 'memberScale' };

/** Where a node of factors goes: into the columns of the layer after it, or into the rows and the bias of the one before. */
interface Fold {
  readonly scale: ScaleNode;
  readonly layer: LayerNode;
  readonly side: 'in' | 'out';
}

/**
 * One plain ticket for each member of a network with members' factors, which go into the weights; the topology is that of all. A state without such
 * factors is its own only member.
 * @throws SparseError INVALID_SPEC when factors stand beside no convolution or linear layer, or differ in their members
 */
export function splitMembers(state: ModelState): readonly ModelState[] {
  const { spec, topology, values, step } = state;
  const scales = spec.nodes.filter((node): node is ScaleNode => node.op === 'memberScale');
  const members = scales[0]?.members ?? 1;
  if (scales.length === 0) return [state];
  const folds = scales.map((scale) => foldOf(spec, scale, members));
  const plain = withoutScales(spec, scales);
  return Array.from({ length: members }, (_, member) => {
    const own = new Map(values);
    for (const { scale, layer, side } of folds) {
      const factors = values.get(`${scale.id}.weight`)!;
      const channels = factors.length / members;
      const factor = (channel: number) => factors[member * channels + channel]!;
      own.delete(`${scale.id}.weight`);
      scaleWeight(own, `${layer.id}.weight`, topology.get(`${layer.id}.weight`), kernelSize(layer), { channels, side, factor });
      const bias = own.get(`${layer.id}.bias`);
      if (bias && side === 'out')
        own.set(
          `${layer.id}.bias`,
          bias.map((value, channel) => value * factor(channel)),
        );
    }
    return { spec: plain, topology, values: own, step };
  });
}

const kernelSize = (layer: LayerNode): number => (layer.op === 'conv2d' ? layer.kernel ** 2 : 1);

function foldOf(spec: NetworkSpec, scale: ScaleNode, members: number): Fold {
  const users = usersOf(spec);
  const before = spec.nodes.find(({ id }) => id === scale.from[0]);
  const [after, ...others] = users(scale.id);
  if (scale.members === members) {
    if (isLayer(before) && users(before.id).length === 1 && before.id !== spec.output) return { scale, layer: before, side: 'out' };
    if (isLayer(after) && others.length === 0 && scale.id !== spec.output) return { scale, layer: after, side: 'in' };
  }
  const expected = `${members} members, and a convolution or linear layer right before or after that nothing else reads`;
  throw new SparseError('INVALID_SPEC', `node ${scale.id}`, expected, scale);
}

interface Factors {
  /** Of the side that is scaled. */
  readonly channels: number;
  readonly side: Fold['side'];
  factor(channel: number): number;
}

function scaleWeight(
  values: Map<ParamName, Float32Array>,
  param: ParamName,
  layer: LayerTopology | undefined,
  kernel: number,
  { channels, side, factor }: Factors,
): void {
  const weight = values.get(param)!;
  const size = layer ? layer.shape.reduce((a, b) => a * b, 1) : weight.length;
  // Positions are (O, I, kh, kw): a row has size / O of them, a column of channels `kernel`.
  const channelOf = (position: number) =>
    side === 'out' ? Math.floor(position / (size / channels)) : Math.floor(position / kernel) % channels;
  values.set(
    param,
    weight.map((value, k) => value * factor(channelOf(layer ? layer.live[k]! : k))),
  );
}

function withoutScales(spec: NetworkSpec, scales: readonly ScaleNode[]): NetworkSpec {
  const skipped = new Map(scales.map(({ id, from }) => [id, from[0]!]));
  const source = (id: NodeId): NodeId => (skipped.has(id) ? source(skipped.get(id)!) : id);
  const nodes = spec.nodes.filter(({ id }) => !skipped.has(id)).map((node) => ({ ...node, from: node.from.map(source) }));
  return { ...spec, nodes, output: source(spec.output) };
}
