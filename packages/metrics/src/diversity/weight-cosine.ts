import { type ModelState, network, type ParamName, SparseError } from '@freetickets/sparse-core';

/**
 * Cosine between two tickets' weights, taken as one vector with zeros at dead positions, in [-1, 1]. Kernels and matrices only: biases and
 * batch norm would blur the picture with values near 1. NaN when a ticket's weights are all 0.
 * @throws SparseError SHAPE_MISMATCH when the tickets are not of one network
 */
export function weightCosine(a: ModelState, b: ModelState): number {
  let product = 0;
  let squareOfA = 0;
  let squareOfB = 0;
  for (const [param, { kind, size }] of network(a.spec).params) {
    if (kind !== 'weight') continue;
    const left = dense(a, param, size);
    const right = dense(b, param, size);
    for (let k = 0; k < size; k++) {
      product += left[k]! * right[k]!;
      squareOfA += left[k]! ** 2;
      squareOfB += right[k]! ** 2;
    }
  }
  return product / Math.sqrt(squareOfA * squareOfB);
}

function dense({ topology, values }: ModelState, param: ParamName, size: number): Float32Array {
  const own = values.get(param);
  const live = topology.get(param)?.live;
  if (!own || own.length !== (live?.length ?? size) || (live?.at(-1) ?? 0) >= size)
    throw new SparseError('SHAPE_MISMATCH', param, `a weight of ${size} values in both tickets`, own && `${own.length} values`);
  if (!live) return own;
  const all = new Float32Array(size);
  live.forEach((position, k) => {
    all[position] = own[k]!;
  });
  return all;
}
