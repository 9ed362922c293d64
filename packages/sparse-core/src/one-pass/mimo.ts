/** MIMO: one network reads several images at once and answers for each. Members differ by the images that they were trained to see. */
import { SparseError } from '../errors.ts';
import { network } from '../network.ts';
import type { NetworkSpec, NodeId, OpName, ParamName } from '../spec.ts';
import type { ModelState } from '../state.ts';
import type { LayerTopology } from '../topology.ts';
import { checkPlain, isLayer } from './spec-graph.ts';

/**
 * The network with `members` images side by side on the channels (or features) of its input, and as many heads.
 * @throws SparseError INVALID_ARGUMENT for a network that members share already, whose output is no linear layer, or whose input meets another
 *         operation before its first layers than pooling, flatten, relu or dropout
 * @source arXiv:2010.06610
 */
export function mimo(spec: NetworkSpec, members: number): NetworkSpec {
  checkPlain(spec, members);
  firstLayers(spec);
  const output = spec.nodes.find(({ id }) => id === spec.output);
  if (output?.op !== 'linear') throw new SparseError('INVALID_ARGUMENT', `${spec.name}: output`, 'a linear layer, for MIMO', output?.op);
  const nodes = spec.nodes.map((node) => (node === output ? { ...output, out: output.out * members } : node));
  return { ...withChannels(spec, members), name: `${spec.name}-mimo-${members}`, nodes, heads: members };
}

const withChannels = (spec: NetworkSpec, times: number): NetworkSpec => {
  const [channels, ...size] = spec.input.shape;
  return { ...spec, input: { shape: [channels! * times, ...size] } };
};

/** Operations that treat every channel alike, so that images side by side stay so. */
const CHANNEL_BY_CHANNEL: readonly OpName[] = ['maxPool', 'avgPool', 'globalAvgPool', 'flatten', 'relu', 'dropout'];

/** The layers that read the images. */
function firstLayers(spec: NetworkSpec): ReadonlySet<NodeId> {
  const sideBySide = new Set(['input']);
  const layers = new Set<NodeId>();
  for (const node of spec.nodes) {
    if (!node.from.some((id) => sideBySide.has(id))) continue;
    if (isLayer(node)) layers.add(node.id);
    else if (CHANNEL_BY_CHANNEL.includes(node.op)) sideBySide.add(node.id);
    else {
      const expected = `a convolution, a linear layer or one of ${CHANNEL_BY_CHANNEL.join(', ')} at the input, for MIMO`;
      throw new SparseError('INVALID_ARGUMENT', `${spec.name}: node ${node.id}`, expected, node.op);
    }
  }
  return layers;
}

/**
 * The same network for one image: as a MIMO network is asked about an image, it sees it once for each head, and then the sum of its first kernels over
 * these inputs gives the same answers. A summed weight lives where one of its terms does.
 * @throws SparseError INVALID_ARGUMENT for a network that `mimo` did not make
 */
export function withOneInput(state: ModelState): ModelState {
  const { heads = 1, input, name } = state.spec;
  if (input.shape[0]! % heads !== 0)
    throw new SparseError('INVALID_ARGUMENT', `${name}: input.shape`, `channels for each of ${heads} heads`, input.shape);
  const net = network(state.spec);
  const values = new Map(state.values);
  const topology = new Map(state.topology);
  for (const id of firstLayers(state.spec)) {
    const param: ParamName = `${id}.weight`;
    const summed = sumInputs(state.values.get(param)!, net.params.get(param)!.shape, heads, state.topology.get(param));
    values.set(param, summed.values);
    if (summed.layer) topology.set(param, summed.layer);
  }
  return { spec: withChannels(state.spec, 1 / heads), topology, values, step: state.step };
}

/** Of a weight (O, heads I, kh, kw), over the heads: (O, I, kh, kw). */
function sumInputs(
  weight: Float32Array,
  [outputs, inputs, ...kernel]: readonly number[],
  heads: number,
  layer: LayerTopology | undefined,
): { readonly values: Float32Array; readonly layer?: LayerTopology } {
  const shape = [outputs!, inputs! / heads, ...kernel];
  const row = shape.slice(1).reduce((a, b) => a * b, 1);
  const sums = new Float64Array(outputs! * row);
  const lives = new Uint8Array(sums.length);
  weight.forEach((value, k) => {
    const position = layer ? layer.live[k]! : k;
    const to = Math.floor(position / (heads * row)) * row + (position % row);
    sums[to]! += value;
    lives[to] = 1;
  });
  if (!layer) return { values: Float32Array.from(sums) };
  const live = Uint32Array.from(lives.keys()).filter((position) => lives[position] === 1);
  return { values: Float32Array.from(live, (position) => sums[position]!), layer: { shape, live } };
}
