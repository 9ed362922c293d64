import { type ParamName, SparseError, type Topology } from '@freetickets/sparse-core';

export interface TopologyOverlap {
  /** Over all sparse weights together. */
  readonly total: number;
  readonly layers: ReadonlyMap<ParamName, number>;
}

/**
 * Intersection over union of the live positions of two tickets, in [0, 1]. Two topologies of density d drawn apart overlap by about
 * d / (2 - d). Dense layers live everywhere and stand in no topology, so they do not count. 1 where neither has a live position.
 * @throws SparseError SHAPE_MISMATCH when the tickets are not of the same sparse weights
 */
export function topologyOverlap(a: Topology, b: Topology): TopologyOverlap {
  const extra = [...b.keys()].find((param) => !a.has(param));
  if (extra !== undefined)
    throw new SparseError('SHAPE_MISMATCH', `b: ${extra}`, 'a weight that is sparse in both tickets', 'sparse in b only');
  const layers = new Map<ParamName, number>();
  let shared = 0;
  let union = 0;
  for (const [param, layer] of a) {
    const other = b.get(param);
    if (!other || String(other.shape) !== String(layer.shape))
      throw new SparseError('SHAPE_MISMATCH', `b: ${param}`, `a sparse weight of shape ${layer.shape.join('x')}`, other?.shape);
    const common = countCommon(layer.live, other.live);
    const either = layer.live.length + other.live.length - common;
    layers.set(param, either === 0 ? 1 : common / either);
    shared += common;
    union += either;
  }
  return { total: union === 0 ? 1 : shared / union, layers };
}

/** Both sorted. */
function countCommon(a: Uint32Array, b: Uint32Array): number {
  let count = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const left = a[i]!;
    const right = b[j]!;
    if (left === right) count++;
    if (left <= right) i++;
    if (right <= left) j++;
  }
  return count;
}
