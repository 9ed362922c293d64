/** From an experiment file with lists and the options beside it to the runs of a sweep, each one a checked experiment. */
import { SparseError } from '@freetickets/sparse-core';
import { type ExperimentFile, resolveExperiment, withPathsBeside } from '../experiment.ts';
import { type Experiment, FIELDS, type FieldName, type Flags } from '../experiment-fields.ts';
import { epochsOf, plansOf } from '../plans.ts';
import type { Metric } from '../run-epochs.ts';
import { type Axis, gridPoints, type Point, randomPoints } from './points.ts';
import { parseSweepBlock, type Search, type SweepBlock } from './sweep-block.ts';
import { trialNames } from './trial-names.ts';

/** How trials are judged, and when. */
export interface Judging {
  readonly search: Search;
  readonly metric: Metric;
  readonly direction: 'maximize' | 'minimize';
  /** Of ASHA: one trial in so many goes on from a rung. */
  readonly reduction: number;
  /** Epochs of a run; none but for ASHA. The end of the run is the rung after the last. */
  readonly rungs: readonly number[];
}

/** One experiment of a sweep: a trial under one seed. */
export interface PlannedRun {
  /** Of its folder. */
  readonly name: string;
  /** Counted from 0. */
  readonly trial: number;
  /** What the search has set. */
  readonly values: Point;
  readonly seed: number;
  readonly experiment: Experiment;
}

export interface Definition {
  readonly judging: Judging;
  readonly seeds: readonly number[];
  /** Trial by trial, and all seeds of a trial one after the other. */
  readonly runs: readonly PlannedRun[];
}

/** What the command line says beside the file, and over it. */
export interface SweepOptions {
  readonly search?: Search | undefined;
  readonly trials?: number | undefined;
  readonly seeds?: readonly number[] | undefined;
  /** What may change while runs go on; see CIRCUMSTANCES. */
  readonly flags?: Flags;
}

/** @throws SparseError INVALID_CONFIG or INVALID_ARGUMENT naming the file, the trial and the field, before anything is trained */
export function defineSweep(file: ExperimentFile, options: SweepOptions = {}): Definition {
  const { sweep, ...values } = file.values;
  const block = parseSweepBlock(file.path, sweep);
  const search = options.search ?? block.search ?? 'grid';
  const { axes, fixed } = axesOf({ ...file, values }, block);
  const { seed, ...base } = fixed;
  const seeds = options.seeds ?? (Array.isArray(seed) ? (seed as number[]) : [(seed as number | undefined) ?? 17]);
  checkChoices(options.seeds ? '--seeds' : `${file.path}: seed`, seeds);
  const points = pointsOf(file.path, search, axes, block, options.trials);
  const names = trialNames(points);
  const runs = points.flatMap((point, trial) => {
    const name = names[trial]!;
    const path = name === '' ? file.path : `${file.path} (${name})`;
    return seeds.map((seed) => {
      const experiment = resolveExperiment(options.flags ?? {}, { path, values: withPathsBeside(file.path, { ...base, ...point, seed }) });
      plansOf(experiment); // says what is wrong with them
      return { name: [name, `seed=${seed}`].filter(Boolean).join(','), trial, values: point, seed, experiment };
    });
  });
  return { judging: judgingOf(file.path, search, block, runs), seeds, runs };
}

/** An array that the field itself does not take is a list of values to search. */
function axesOf({ path, values }: ExperimentFile, { cases, ranges = {} }: SweepBlock): { axes: Axis[]; fixed: Record<string, unknown> } {
  const axes: Axis[] = cases ? [{ name: 'cases', choices: cases }] : [];
  if (cases) checkChoices(`${path}: sweep.cases`, cases);
  const fixed: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const elsewhere = name in ranges ? 'ranges' : cases?.some((fields) => name in fields) ? 'cases' : undefined;
    if (elsewhere) throw twice(path, name, elsewhere);
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name as FieldName] : undefined;
    const isList = field !== undefined && name !== 'seed' && Array.isArray(value) && !field.schema.safeParse(value).success;
    if (!isList) fixed[name] = value;
    else {
      checkChoices(`${path}: ${name}`, value);
      axes.push({ name, choices: value.map((choice: unknown) => ({ [name]: choice })) });
    }
  }
  for (const fields of cases ?? [])
    for (const name of Object.keys(fields)) {
      if (name in ranges) throw twice(path, name, 'ranges');
      if (name === 'seed')
        throw new SparseError('INVALID_CONFIG', `${path}: sweep.cases`, 'other fields', name, 'Every trial has the same seeds');
    }
  return { axes, fixed };
}

const twice = (path: string, name: string, where: string) =>
  new SparseError('INVALID_CONFIG', `${path}: ${name}`, `one place that sets it, because sweep.${where} does so too`, new Error('two'));

function checkChoices(at: string, choices: readonly unknown[]): void {
  if (choices.length === 0) throw new SparseError('INVALID_CONFIG', at, 'at least one value', choices);
  const keys = choices.map((choice) => JSON.stringify(choice));
  const repeated = choices.find((_, index) => keys.indexOf(keys[index]!) !== index);
  if (repeated !== undefined) throw new SparseError('INVALID_CONFIG', at, 'each value once', repeated);
}

function pointsOf(path: string, search: Search, axes: readonly Axis[], block: SweepBlock, typed: number | undefined): Point[] {
  const { ranges = {}, seed = 17 } = block;
  const at = typed === undefined ? `${path}: sweep.trials` : '--trials';
  const refuse = (place: string, expected: string, received: unknown, hint?: string) => {
    throw new SparseError('INVALID_CONFIG', place, expected, received, hint);
  };
  if (search !== 'grid') {
    if (axes.length === 0 && Object.keys(ranges).length === 0)
      refuse(path, `something to search (${search}): a list of values, or sweep.ranges`, new Error('neither'));
    return randomPoints(at, { axes, ranges, count: typed ?? block.trials ?? 20, seed });
  }
  if (Object.keys(ranges).length > 0)
    refuse(`${path}: sweep.ranges`, 'none, because the search grid walks lists only', Object.keys(ranges), 'Use --search random');
  const trials = typed ?? block.trials;
  if (trials !== undefined) refuse(at, 'no number, because the search grid runs every combination', trials, 'Use --search random');
  if (block.seed !== undefined) refuse(`${path}: sweep.seed`, 'none, because the search grid draws nothing', block.seed);
  return gridPoints(axes);
}

function judgingOf(path: string, search: Search, block: SweepBlock, runs: readonly PlannedRun[]): Judging {
  const { metric = 'validAccuracy', reduction = 3 } = block;
  const direction = block.direction ?? (metric.toLowerCase().endsWith('loss') ? 'minimize' : 'maximize');
  if (search !== 'asha') {
    for (const key of ['rungs', 'reduction'] as const)
      if (block[key] !== undefined)
        throw new SparseError(
          'INVALID_CONFIG',
          `${path}: sweep.${key}`,
          `none, because the search ${search} stops nothing early`,
          block[key],
        );
    return { search, metric, direction, reduction, rungs: [] };
  }
  const trials = runs.at(-1)!.trial + 1;
  if (trials < reduction)
    throw new SparseError('INVALID_CONFIG', `${path}: sweep.reduction`, `at most the number of trials, ${trials}`, reduction);
  const lengths = runs.map(({ experiment }) => plansOf(experiment).reduce((sum, plan) => sum + epochsOf(plan), 0));
  const shortest = Math.min(...lengths);
  const rungs = block.rungs ?? rungsBelow(shortest, reduction);
  if (rungs.length === 0 || rungs.at(-1)! >= shortest)
    throw new SparseError(
      'INVALID_CONFIG',
      `${path}: sweep.rungs`,
      `epochs before the end of the shortest run, which has ${shortest}`,
      rungs,
    );
  return { search, metric, direction, reduction, rungs };
}

/** Two rungs, so that each costs about as much as the next: `reduction` times the epochs for a `reduction`-th of the trials. */
const rungsBelow = (epochs: number, reduction: number): number[] =>
  [...new Set([Math.floor(epochs / reduction ** 2), Math.floor(epochs / reduction)])].filter((rung) => rung >= 1);
