/**
 * Live counts, or live positions, from one score per weight: the best weights of the whole network live. SNIP, GraSP and global magnitude
 * differ only in the score; where gradients come from is the caller's business.
 */
import { type Distribution, densityOf, sparsifiable } from './distribution.ts';
import { SparseError } from './errors.ts';
import type { Network } from './network.ts';
import type { ParamName } from './spec.ts';
import type { LayerTopology, Topology } from './topology.ts';

/** One number per position of each weight that may be sparse; the largest are kept. */
export type WeightScores = ReadonlyMap<ParamName, Float32Array>;

type Arrays = ReadonlyMap<ParamName, Float32Array>;

/**
 * The layers' shares of the `round((1 - sparsity) * size)` weights with the highest scores. Ties: earlier layer, then lower position.
 * A layer may be left with nothing if all of its scores are low.
 * @throws SparseError SHAPE_MISMATCH when a weight's scores are missing or too few, NON_FINITE for a score that is no number
 */
export const distributionFromScores =
  (scores: WeightScores): Distribution =>
  (net, sparsity) =>
    new Map([...topologyFromScores(net, scores, sparsity, true)].map(([param, { live }]) => [param, live.length]));

/**
 * The weights themselves with the highest scores, as for one-shot pruning of a trained network by `magnitudeScores`.
 * @param whole  also names the layers that keep all their weights; by default these are left out, which makes them dense
 */
export function topologyFromScores(net: Network, scores: WeightScores, sparsity: number, whole = false): Topology {
  const weights = sparsifiable(net);
  const all = joined(net, scores);
  const kept = bestOf(all, Math.round(densityOf(sparsity) * all.length));
  const topology = new Map<ParamName, LayerTopology>();
  let start = 0;
  for (const { name, shape, size } of weights) {
    const live = Uint32Array.from({ length: size }, (_, position) => position).filter((position) => kept[start + position]);
    if (whole || live.length < size) topology.set(name, { shape, live });
    start += size;
  }
  return topology;
}

/** |w|: global magnitude pruning. */
export const magnitudeScores = (values: Arrays): WeightScores => mapped(values, (w) => Math.abs(w));

/** |w * gradient|: how much the loss would feel the loss of the weight. @source SNIP, arXiv:1810.02340 */
export const snipScores = (values: Arrays, gradients: Arrays): WeightScores => paired(values, gradients, (w, g) => Math.abs(w * g));

/**
 * w * (H g): GraSP removes the weights of the highest -w * (H g), those whose loss leaves the gradient's norm the largest.
 * @param hessianGradient the product of the loss's Hessian with its gradient, per weight
 * @source GraSP, arXiv:2002.07376
 */
export const graspScores = (values: Arrays, hessianGradient: Arrays): WeightScores => paired(values, hessianGradient, (w, hg) => w * hg);

const mapped = (arrays: Arrays, of: (value: number) => number): WeightScores =>
  new Map([...arrays].map(([name, array]) => [name, array.map((value) => of(value))]));

function paired(values: Arrays, others: Arrays, of: (value: number, other: number) => number): WeightScores {
  return new Map(
    [...values].map(([name, array]) => {
      const other = others.get(name);
      if (other?.length !== array.length) throw new SparseError('SHAPE_MISMATCH', name, `${array.length} numbers`, other?.length ?? 'none');
      return [name, array.map((value, i) => of(value, other[i]!))];
    }),
  );
}

function joined(net: Network, scores: WeightScores): Float32Array {
  const weights = sparsifiable(net);
  const all = new Float32Array(weights.reduce((sum, { size }) => sum + size, 0));
  let start = 0;
  for (const { name, size } of weights) {
    const own = scores.get(name);
    if (own?.length !== size) throw new SparseError('SHAPE_MISMATCH', `scores of ${name}`, `${size} numbers`, own?.length ?? 'none');
    const wrong = own.findIndex((score) => Number.isNaN(score));
    if (wrong >= 0) throw new SparseError('NON_FINITE', `scores of ${name}[${wrong}]`, 'a number', own[wrong]);
    all.set(own, start);
    start += size;
  }
  return all;
}

/** 1 where a score is among the `count` largest. Sorts a copy of the values; among those that equal the last one kept, earlier ones win. */
function bestOf(scores: Float32Array, count: number): Uint8Array {
  const kept = new Uint8Array(scores.length);
  if (count === 0) return kept;
  const least = scores.slice().sort()[scores.length - count]!;
  let ties = count;
  for (const [i, score] of scores.entries()) {
    if (score <= least) continue;
    kept[i] = 1;
    ties--;
  }
  for (let i = 0; ties > 0; i++) {
    if (scores[i] !== least) continue;
    kept[i] = 1;
    ties--;
  }
  return kept;
}
