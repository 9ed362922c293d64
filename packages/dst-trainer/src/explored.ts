/** How much of the weight space a run has tried: the in-time over-parameterisation rate, R_s. */
import { type Network, type ParamName, SparseError, type Topology, type TopologyDelta } from '@freetickets/sparse-core';

/** One bit per position of each weight in the topology, the lowest bit first: 1 where the weight has lived at least once. */
export type Fired = ReadonlyMap<ParamName, Uint8Array>;

/** Length of a weight's entry in `Fired`. */
export const firedBytes = (size: number): number => Math.ceil(size / 8);

export interface Explored {
  /** Counts in what a rewiring grew. A weight that was dense until now has lived everywhere. */
  add(delta: TopologyDelta): void;
  /** Share of the weights that may be sparse that has lived at least once, in [0, 1]. Starts at the density and never falls. */
  rate(): number;
  /** The weights that are sparse. */
  params(): Iterable<ParamName>;
  /** Of one sparse weight, one bit per position; not a copy. */
  bitsOf(param: ParamName): Uint8Array | undefined;
  /** A copy of what `explored` needs to go on from here. */
  fired(): Fired;
}

/**
 * @param topology what lives now; weights that may be sparse but stand in no topology are dense and count as tried
 * @param before   what had lived up to now, of a run that is resumed
 * @source arXiv:2102.02887 (ITOP)
 */
export function explored(network: Network, topology: Topology, before?: Fired): Explored {
  const fired = new Map<ParamName, Uint8Array>();
  let total = 0;
  let tried = 0;
  for (const [param, info] of network.params) {
    if (!info.sparsifiable) continue;
    total += info.size;
    const layer = topology.get(param);
    if (!layer) tried += info.size;
    else {
      const bits = earlierBits(before, param, firedBytes(info.size));
      fired.set(param, bits);
      tried += countBits(bits) + light(bits, layer.live);
    }
  }
  return {
    add({ param, grown }) {
      const bits = fired.get(param);
      if (bits) tried += light(bits, grown);
      else fired.set(param, allBits(network.params.get(param)!.size));
    },
    params: () => fired.keys(),
    bitsOf: (param) => fired.get(param),
    rate: () => (total === 0 ? 1 : tried / total),
    fired: () => new Map([...fired].map(([param, bits]) => [param, bits.slice()])),
  };
}

function earlierBits(before: Fired | undefined, param: ParamName, length: number): Uint8Array {
  const bits = before?.get(param) ?? new Uint8Array(length);
  if (bits.length !== length) throw new SparseError('SHAPE_MISMATCH', `fired ${param}`, `${length} bytes`, bits.length);
  return bits.slice();
}

function allBits(size: number): Uint8Array {
  const bits = new Uint8Array(firedBytes(size)).fill(0xff);
  if (size % 8 !== 0) bits[bits.length - 1] = (1 << (size % 8)) - 1;
  return bits;
}

/** Sets the bits of `positions`; says how many were not set before. */
function light(bits: Uint8Array, positions: Uint32Array): number {
  let fresh = 0;
  for (const position of positions) {
    const bit = 1 << (position & 7);
    if (bits[position >>> 3]! & bit) continue;
    bits[position >>> 3]! |= bit;
    fresh++;
  }
  return fresh;
}

function countBits(bits: Uint8Array): number {
  let count = 0;
  for (const byte of bits) for (let rest = byte; rest !== 0; rest &= rest - 1) count++;
  return count;
}
