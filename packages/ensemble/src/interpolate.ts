/** A point on the straight line between two tickets, over the union of what lives in them. */
import { type LayerTopology, type ModelState, network, type ParamInfo, type ParamName, SparseError } from '@freetickets/sparse-core';

/**
 * `(1 - share) * a + share * b` for every parameter, dead weights as zeros. Running statistics of batch norm are interpolated too, which is not
 * what the network in between would have: estimate them anew on training data.
 *
 * @param share in [0, 1]
 * @returns a model whose live weights are those of either ticket; dense where one of them is
 * @throws SparseError INVALID_ARGUMENT for a share outside [0, 1], SHAPE_MISMATCH when the tickets are not of one network
 */
export function interpolate(a: ModelState, b: ModelState, share: number): ModelState {
  if (!(share >= 0 && share <= 1)) throw new SparseError('INVALID_ARGUMENT', 'share', 'a number from 0 to 1', share);
  checkSameNetwork(a, b);
  const topology = new Map<ParamName, LayerTopology>();
  const values = new Map<ParamName, Float32Array>();
  for (const [param, info] of network(a.spec).params) {
    const [from, to] = [dense(a, param, info), dense(b, param, info)];
    const point = from.map((value, i) => (1 - share) * value + share * to[i]!);
    const live = union(a.topology.get(param)?.live, b.topology.get(param)?.live);
    if (live) topology.set(param, { shape: info.shape, live });
    values.set(param, live ? Float32Array.from(live, (position) => point[position]!) : point);
  }
  return { spec: a.spec, topology, values, step: 0 };
}

/** @throws SparseError SHAPE_MISMATCH when the tickets are not of one network */
export function checkSameNetwork(a: ModelState, b: ModelState): void {
  const shape = ({ spec: { input, nodes, output } }: ModelState) => JSON.stringify({ input, nodes, output });
  if (shape(a) !== shape(b))
    throw new SparseError(
      'SHAPE_MISMATCH',
      'interpolate',
      `two tickets of ${a.spec.name}`,
      new Error(`one of another network, ${b.spec.name}`),
    );
}

function dense({ topology, values }: ModelState, param: ParamName, { size }: ParamInfo): Float32Array {
  const own = values.get(param)!;
  const live = topology.get(param)?.live;
  if (!live) return own;
  const all = new Float32Array(size);
  live.forEach((position, k) => {
    all[position] = own[k]!;
  });
  return all;
}

/** Of positions in rising order. */
const union = (a: Uint32Array | undefined, b: Uint32Array | undefined): Uint32Array | undefined =>
  a && b && Uint32Array.from(new Set([...a, ...b])).sort();
