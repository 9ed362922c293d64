/** From a bootstrap distribution to an interval: the two ends as pure functions of the numbers drawn. */
import { normalCdf, normalQuantile } from './normal.ts';

export interface Interval {
  /** On the data as they are. */
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
  readonly level: number;
}

/**
 * Percentile interval: what is left when (1 - level) / 2 is cut off at either end.
 * @param distribution of the statistic over resamples, in any order
 */
export function percentileInterval(distribution: Float64Array, estimate: number, level: number): Interval {
  return between(distribution, estimate, level, (1 - level) / 2, (1 + level) / 2);
}

/**
 * Bias-corrected and accelerated interval: percentiles moved by how far the estimate lies from the distribution's median and by how fast the
 * standard error changes with the value, read from the jackknife. Where no resample (or every one) lies below the estimate, half a resample
 * is taken to.
 * @param jackknife the statistic with each sample, or each of equal groups, left out
 * @source Efron, "Better bootstrap confidence intervals", JASA 1987
 */
export function bcaInterval(distribution: Float64Array, estimate: number, jackknife: Float64Array, level: number): Interval {
  const half = 1 / (2 * distribution.length);
  let rank = 0;
  for (const value of distribution) rank += value < estimate ? 2 * half : value === estimate ? half : 0;
  const bias = normalQuantile(Math.min(Math.max(rank, half), 1 - half));
  const a = acceleration(jackknife);
  const moved = (share: number) => {
    const z = bias + normalQuantile(share);
    return normalCdf(bias + z / (1 - a * z));
  };
  return between(distribution, estimate, level, moved((1 - level) / 2), moved((1 + level) / 2));
}

/** A sixth of the skewness of the jackknife's influence values over the root of their number; 0 when nothing varies. */
function acceleration(jackknife: Float64Array): number {
  const mean = jackknife.reduce((sum, value) => sum + value, 0) / jackknife.length;
  let squares = 0;
  let cubes = 0;
  for (const value of jackknife) {
    squares += (mean - value) ** 2;
    cubes += (mean - value) ** 3;
  }
  return squares === 0 ? 0 : cubes / (6 * squares ** 1.5);
}

function between(distribution: Float64Array, estimate: number, level: number, low: number, high: number): Interval {
  const sorted = distribution.toSorted();
  const known = !Number.isNaN(estimate) && !Number.isNaN(sorted.at(-1)); // typed arrays sort NaN last
  const at = (share: number) => (known ? percentile(sorted, share) : Number.NaN);
  return { estimate, low: at(low), high: at(high), level };
}

/** Linear between order statistics (type 7 of Hyndman and Fan, numpy's default). */
function percentile(sorted: Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = Math.floor(place);
  const next = Math.min(below + 1, sorted.length - 1);
  return sorted[below]! + (place - below) * (sorted[next]! - sorted[below]!);
}
