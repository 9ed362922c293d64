/**
 * Topologies with a pattern: constant fan-in (every output unit has equally many live inputs) and N:M (in every run of M inputs N live). A
 * structure sets how many live in each group of positions; the rules still say which.
 */
import {
  type Distribution,
  type LayerTopology,
  type Network,
  type ParamName,
  rng,
  SparseError,
  type Topology,
} from '@freetickets/sparse-core';

export type Structure =
  /**
   * `ablate`: output units with fewer than this share of their fan-in worth keeping lose all their weights to the others, at a rewiring.
   * Absent: never. @source SRigL, arXiv:2305.02299
   */
  | { readonly kind: 'fan-in'; readonly ablate?: number }
  /** `live` of every `of` consecutive inputs of a unit, in row-major order. Layers whose units have no whole number of runs stay dense. */
  | { readonly kind: 'n-of-m'; readonly live: number; readonly of: number };

/** For messages: `fan-in`, `2:4`. */
export const structureName = (structure: Structure): string =>
  structure.kind === 'fan-in' ? 'fan-in' : `${structure.live}:${structure.of}`;

/** @throws SparseError INVALID_ARGUMENT */
export function checkStructure(structure: Structure, at: string): void {
  const refuse = (field: string, expected: string, received: unknown) => {
    throw new SparseError('INVALID_ARGUMENT', `${at}.${field}`, expected, received);
  };
  if (structure.kind === 'fan-in') {
    const { ablate = 0 } = structure;
    if (!(ablate >= 0 && ablate <= 1)) refuse('ablate', 'a share from 0 to 1', ablate);
    return;
  }
  const { live, of } = structure;
  if (!Number.isSafeInteger(of) || of < 2) refuse('of', 'a whole number of at least 2', of);
  if (!Number.isSafeInteger(live) || live < 1 || live >= of) refuse('live', `a whole number from 1 to ${of - 1}`, live);
}

/** Positions per group; groups follow one another in row-major order. */
export const groupSizeOf = (structure: Structure, shape: readonly number[]): number =>
  structure.kind === 'n-of-m' ? structure.of : inputsOf(shape);

const inputsOf = (shape: readonly number[]): number => shape.slice(1).reduce((a, b) => a * b, 1);

/** Live counts that the structure can have, next to those of `distribution`; N:M has its own whatever the distribution. */
export const structuredCounts =
  (distribution: Distribution, structure: Structure): Distribution =>
  (net, sparsity) =>
    new Map([...distribution(net, sparsity)].map(([param, count]) => [param, countFor(structure, net.params.get(param)!.shape, count)]));

function countFor(structure: Structure, shape: readonly number[], count: number): number {
  const inputs = inputsOf(shape);
  const units = shape[0]!;
  if (structure.kind === 'n-of-m') return inputs % structure.of === 0 ? (units * inputs * structure.live) / structure.of : units * inputs;
  return units * Math.min(inputs, Math.max(1, Math.round(count / units)));
}

/**
 * Draws equally many live positions in every group, from the stream `('topology', param)` of `seed`. Whole layers are left out, as in
 * `randomTopology`.
 * @param counts from a distribution of `structuredCounts`
 */
export function structuredTopology(net: Network, counts: ReadonlyMap<ParamName, number>, structure: Structure, seed: number): Topology {
  const topology = new Map<ParamName, LayerTopology>();
  for (const [param, count] of counts) {
    const { shape, size } = net.params.get(param)!;
    if (count === size) continue;
    const group = groupSizeOf(structure, shape);
    const each = (count * group) / size;
    const draws = rng(seed).stream('topology', param);
    const live = new Uint32Array(count);
    for (let start = 0, filled = 0; start < size; start += group, filled += each)
      live.set(
        draws.sample(group, each).map((position) => start + position),
        filled,
      );
    topology.set(param, { shape, live });
  }
  return topology;
}
