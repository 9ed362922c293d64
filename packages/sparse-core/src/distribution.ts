/**
 * How many weights of each layer live. A distribution gives exact integers whose sum is the target, so FLOPs and file sizes are constants of a plan;
 * which weights live is drawn afterwards by `randomTopology`.
 */
import { SparseError } from './errors.ts';
import type { Network } from './network.ts';
import type { ParamName } from './spec.ts';

/**
 * Live counts of all weights that may be sparse; layers that the spec declares dense take no part.
 * @param sparsity share of those weights that is dead, in [0, 1)
 * @returns integers whose total is exactly round((1 - sparsity) * size); at sparsity 0 every layer is whole
 * @throws SparseError INVALID_ARGUMENT when sparsity is outside [0, 1)
 */
export type Distribution = (net: Network, sparsity: number) => ReadonlyMap<ParamName, number>;

/** A weight and its dimensions, (O, I, kh, kw) or (O, I). */
export interface WeightShape {
  readonly name: ParamName;
  readonly shape: readonly number[];
  readonly size: number;
}

export interface Densities {
  /** Density of a layer that is not clamped = epsilon * its raw share. */
  readonly epsilon: number;
  readonly densities: ReadonlyMap<ParamName, number>;
}

export interface ErkOptions {
  /** Exponent of the raw share; 1 is the method, 0 is uniform, larger favours small layers more. Default 1. */
  readonly power?: number;
  /** Densities of layers that are settled beforehand, by name, from 0 to 1. They take no part in either sum, as in RigL. */
  readonly fixed?: Readonly<Record<ParamName, number>>;
}

/**
 * Erdos-Renyi-Kernel: a layer's density is proportional to ((sum of its dimensions) / (product of its dimensions)) ** power. Layers pushed above
 * density 1 become dense; the others share the rest.
 * @source RigL, arXiv:1911.11134. FreeTickets draws each weight by a coin (counts right only on average); here counts are exact.
 * @example erk()(network(lenet300()), 0.9) // fc1.weight 18714, fc2.weight 6906, fc3.weight 1000
 */
export const erk =
  (options: ErkOptions = {}): Distribution =>
  (net, sparsity) => {
    const { densities } = erkDensities(net, sparsity, options);
    const open = sparsifiable(net).filter(({ name }) => options.fixed?.[name] === undefined);
    const counts = roundCounts(open, densities, sparsity);
    return new Map(sparsifiable(net).map(({ name, size }) => [name, counts.get(name) ?? Math.round(densities.get(name)! * size)]));
  };

/** Erdos-Renyi: as ERK, but only the channel counts enter, (O + I) / (O * I); the kernel's size does not. */
export const er = (): Distribution => (net, sparsity) => {
  const weights = sparsifiable(net);
  return roundCounts(weights, clampedDensities(weights, sparsity, channelShare).densities, sparsity);
};

export interface UniformOptions {
  /** Keeps the first layer dense and out of the sum, as RigL does: the total is then that of the other layers. Default false. */
  readonly denseFirst?: boolean;
}

/** Every layer at density 1 - sparsity. */
export const uniform =
  (options: UniformOptions = {}): Distribution =>
  (net, sparsity) => {
    const density = densityOf(sparsity);
    const weights = sparsifiable(net);
    const whole = options.denseFirst ? weights.splice(0, 1) : [];
    const densities = new Map(weights.map(({ name }) => [name, density]));
    return new Map([...whole.map(({ name, size }) => [name, size] as const), ...roundCounts(weights, densities, sparsity)]);
  };

/**
 * The real-valued densities that `erk` rounds, and its epsilon.
 * @throws SparseError INVALID_ARGUMENT when sparsity is outside [0, 1), or `fixed` names no such weight or no density
 */
export function erkDensities(net: Network, sparsity: number, options: ErkOptions = {}): Densities {
  const power = options.power ?? 1;
  if (!Number.isFinite(power) || power < 0) throw new SparseError('INVALID_ARGUMENT', 'power', 'a number of at least 0', power);
  const fixed = checkFixed(net, options.fixed ?? {});
  const open = sparsifiable(net).filter(({ name }) => !fixed.has(name));
  const { epsilon, densities } = clampedDensities(open, sparsity, kernelShare(power));
  return { epsilon, densities: new Map([...densities, ...fixed]) };
}

/** Raw share of ERK. */
export const kernelShare =
  (power = 1) =>
  ({ shape, size }: WeightShape): number =>
    (shape.reduce((a, b) => a + b, 0) / size) ** power;

function checkFixed(net: Network, fixed: Readonly<Record<ParamName, number>>): Map<ParamName, number> {
  const entries = Object.entries(fixed) as [ParamName, number][];
  for (const [name, density] of entries) {
    if (!net.params.get(name)?.sparsifiable)
      throw new SparseError('INVALID_ARGUMENT', `fixed ${name}`, 'a weight that may be sparse', name);
    if (!(density >= 0 && density <= 1)) throw new SparseError('INVALID_ARGUMENT', `fixed ${name}`, 'a density from 0 to 1', density);
  }
  return new Map(entries);
}

const channelShare = ({ shape: [out = 1, input = 1] }: WeightShape): number => (out + input) / (out * input);

/** Weights that may be sparse, in the order of the network. */
export const sparsifiable = (net: Network): WeightShape[] =>
  [...net.params].filter(([, info]) => info.sparsifiable).map(([name, { shape, size }]) => ({ name, shape, size }));

/** 1 - sparsity, without the noise of doubles: 1 - 0.8 is 0.19999999999999996, which would decide ties between layers. */
export function densityOf(sparsity: number): number {
  if (!(sparsity >= 0 && sparsity < 1)) throw new SparseError('INVALID_ARGUMENT', 'sparsity', 'a number in [0, 1)', sparsity);
  return Math.round((1 - sparsity) * 1e12) / 1e12;
}

/**
 * Densities min(1, epsilon * share) with a sum of live weights of (1 - sparsity) * size. Clamping a layer raises epsilon, so a layer that
 * overflows once keeps overflowing: each pass clamps the layers of the largest share and solves for epsilon again. Exported for its tests.
 */
export function clampedDensities(weights: readonly WeightShape[], sparsity: number, shareOf: (weight: WeightShape) => number): Densities {
  const density = densityOf(sparsity);
  const densities = new Map(weights.map(({ name }) => [name, 1]));
  let open = density < 1 ? weights.map((weight) => ({ ...weight, share: shareOf(weight) })) : [];
  let epsilon = Number.POSITIVE_INFINITY;
  while (open.length > 0) {
    const openNames = new Set(open.map(({ name }) => name));
    let budget = 0;
    let perEpsilon = 0;
    for (const { name, size } of weights) budget += openNames.has(name) ? size * density : -size * (1 - density);
    for (const { share, size } of open) perEpsilon += share * size;
    epsilon = budget / perEpsilon;
    const largest = open.reduce((most, { share }) => Math.max(most, share), 0);
    if (largest * epsilon <= 1) break;
    open = open.filter(({ share }) => share !== largest);
  }
  for (const { name, share } of open) densities.set(name, epsilon * share);
  return { epsilon, densities };
}

/**
 * Largest remainders: each layer gets the whole part of density * size, then those with the largest fractions get one more until the total is
 * right. Ties go to the earlier layer. A product a hair below a whole number (rounding of doubles) counts as that number.
 */
export function roundCounts(
  weights: readonly WeightShape[],
  densities: ReadonlyMap<ParamName, number>,
  sparsity: number,
): ReadonlyMap<ParamName, number> {
  const total = weights.reduce((sum, { size }) => sum + size, 0);
  const shares = weights.map(({ name, size }) => {
    const exact = densities.get(name)! * size;
    const count = Math.min(size, Math.floor(exact + 1e-9));
    return { name, size, count, fraction: exact - count };
  });
  let missing = Math.round(densityOf(sparsity) * total) - shares.reduce((sum, { count }) => sum + count, 0);
  for (const share of shares.filter(({ count, size }) => count < size).sort((a, b) => b.fraction - a.fraction)) {
    if (missing-- <= 0) break;
    share.count++;
  }
  return new Map(shares.map(({ name, count }) => [name, count]));
}
