/**
 * Bootstrap: how much a figure would move if the same number of samples were drawn anew. Rows of resample r are drawn from the stream
 * ('bootstrap', r) of the seed, so two methods under one seed and size see the same resamples and their differences are paired.
 */
import { type Prediction, rng, SparseError } from '@freetickets/sparse-core';
import { collect } from '../collect.ts';
import type { Metric } from '../metric.ts';
import { takeRows } from '../predictions.ts';
import { checkShare, checkWhole } from '../reals.ts';
import { bcaInterval, type Interval, percentileInterval } from './interval.ts';
import { meanAt, valuesOfSamples } from './sample-values.ts';

export interface BootstrapOptions {
  /** Default 0.95. */
  readonly level?: number;
  /** Default 2000. */
  readonly resamples?: number;
  /** Default `bca`. */
  readonly method?: 'bca' | 'percentile';
  /** Default 0. */
  readonly seed?: number;
  /** BCa leaves out one of this many groups of neighbouring samples at a time; with fewer samples, one sample. Default 200. */
  readonly jackknifeGroups?: number;
}

/**
 * Intervals of several statistics of the same samples at once.
 * @param statistic figures by name of the samples `rows` (with repetitions); called `resamples` + `jackknifeGroups` + 1 times
 * @throws SparseError INVALID_ARGUMENT for a size, level, count or method that is none, SHAPE_MISMATCH when a figure's name comes and goes
 */
export function bootstrapIntervals<Name extends string>(
  size: number,
  statistic: (rows: Uint32Array) => Readonly<Record<Name, number>>,
  { level = 0.95, resamples = 2000, method = 'bca', seed = 0, jackknifeGroups = 200 }: BootstrapOptions = {},
): Record<Name, Interval> {
  checkWhole('bootstrap: size', size, 2, 2 ** 32);
  checkShare('bootstrap.level', level);
  checkWhole('bootstrap.resamples', resamples, 1);
  checkWhole('bootstrap.jackknifeGroups', jackknifeGroups, 2);
  if (method !== 'bca' && method !== 'percentile')
    throw new SparseError('INVALID_ARGUMENT', 'bootstrap.method', 'bca or percentile', method);
  const estimate = statistic(Uint32Array.from({ length: size }, (_, n) => n));
  const names = Object.keys(estimate) as Name[];
  const drawn = figures(names, resamples, (r) => statistic(resample(size, seed, r)));
  const groups = Math.min(jackknifeGroups, size);
  const jackknife = method === 'bca' ? figures(names, groups, (g) => statistic(without(size, groups, g))) : undefined;
  const interval = (name: Name): Interval =>
    jackknife ? bcaInterval(drawn[name], estimate[name], jackknife[name], level) : percentileInterval(drawn[name], estimate[name], level);
  return Object.fromEntries(names.map((name) => [name, interval(name)])) as Record<Name, Interval>;
}

/** The interval of one statistic. @see bootstrapIntervals */
export const bootstrapInterval = (size: number, statistic: (rows: Uint32Array) => number, options: BootstrapOptions = {}): Interval =>
  bootstrapIntervals(size, (rows) => ({ value: statistic(rows) }), options).value;

/**
 * Intervals of what metrics say about a whole set. A metric that is a mean over samples is computed once for each sample; any other is
 * computed anew on every resample.
 * @param metrics makes the metrics anew, with nothing seen
 * @example metricIntervals(prediction, labels, () => ({ accuracy: accuracy(), ece: ece() })).ece // { estimate, low, high, level }
 */
export function metricIntervals<Name extends string>(
  prediction: Prediction,
  labels: Int32Array,
  metrics: () => Readonly<Record<Name, Metric>>,
  options: BootstrapOptions = {},
): Record<Name, Interval> {
  const all = metrics();
  collect(all).update(prediction, labels); // refuses what does not fit before any row is taken
  const names = Object.keys(all) as Name[];
  const means = names.filter((name) => all[name].additive).map((name) => [name, valuesOfSamples(all[name], prediction, labels)] as const);
  const others = names.filter((name) => !all[name].additive);
  const statistic = (rows: Uint32Array) => {
    const fresh = metrics();
    const anew = collect(Object.fromEntries(others.map((name) => [name, fresh[name]])));
    if (others.length > 0) anew.update(takeRows(prediction, rows), labelsOf(labels, rows));
    const found = { ...anew.value(), ...Object.fromEntries(means.map(([name, values]) => [name, meanAt(values, rows)])) };
    return Object.fromEntries(names.map((name) => [name, found[name]])) as Record<Name, number>;
  };
  return bootstrapIntervals(prediction.size, statistic, options);
}

const labelsOf = (labels: Int32Array, rows: Uint32Array): Int32Array => Int32Array.from(rows, (n) => labels[n]!);

function figures<Name extends string>(names: readonly Name[], count: number, at: (index: number) => Readonly<Record<Name, number>>) {
  const all = Object.fromEntries(names.map((name) => [name, new Float64Array(count)])) as Record<Name, Float64Array>;
  for (let index = 0; index < count; index++) {
    const values = at(index);
    for (const name of names) {
      if (typeof values[name] !== 'number')
        throw new SparseError('SHAPE_MISMATCH', `bootstrap: statistic.${name}`, 'a number, as on the whole set', values[name]);
      all[name][index] = values[name];
    }
  }
  return all;
}

function resample(size: number, seed: number, index: number): Uint32Array {
  const stream = rng(seed).stream('bootstrap', index);
  const rows = new Uint32Array(size);
  for (let n = 0; n < size; n++) rows[n] = stream.below(size);
  return rows;
}

/** All rows but the g-th of `groups` runs, whose lengths differ by at most one. */
function without(size: number, groups: number, g: number): Uint32Array {
  const start = Math.floor((g * size) / groups);
  const end = Math.floor(((g + 1) * size) / groups);
  return Uint32Array.from({ length: size - (end - start) }, (_, n) => (n < start ? n : n + end - start));
}
