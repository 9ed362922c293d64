/**
 * Loss and error on the straight lines between tickets. Batch norm gets statistics of its own at every point, the ends included: with
 * interpolated ones a barrier would stand where there is none.
 */

import { reestimateNorms } from '@freetickets/dst-trainer';
import { checkSameNetwork, interpolate } from '@freetickets/ensemble';
import { logProbabilities, resampledMeans, topLabel } from '@freetickets/metrics';
import { type ModelState, network, type Source, SparseError } from '@freetickets/sparse-core';
import type { Computing } from '../engines.ts';
import { progressBar } from '../progress.ts';
import type { Talk } from '../talk.ts';
import type { Interpolation, PathFigures } from './document.ts';
import { type Bootstrap, intervalsOf, type WithIntervals } from './intervals.ts';
import { BATCH, openMembers } from './members.ts';

/** 0, 0.05, ..., 1 */
export const SHARES: readonly number[] = Array.from({ length: 21 }, (_, k) => k / 20);

/** @throws SparseError INVALID_CONFIG when there is no pair of tickets of one network */
export function checkPairs(states: readonly ModelState[]): void {
  if (states.length < 2)
    throw new SparseError('INVALID_CONFIG', '--interpolate', 'a run with at least two tickets', new Error(`${states.length}`));
  for (const state of states.slice(1)) checkSameNetwork(states[0]!, state);
}

/** @param train a sample of the training pictures, without augmentation; `report` what errors are measured on */
export async function interpolationOf(
  states: readonly ModelState[],
  { train, report }: { readonly train: Source; readonly report: Source },
  computing: Computing,
  bootstrap: Bootstrap,
  talk: Talk,
): Promise<Interpolation> {
  const pairs = states.flatMap((_, i) => states.slice(i + 1).map((_, k): [number, number] => [i, i + 1 + k]));
  const bar = progressBar({ label: 'interpolation', total: pairs.length * SHARES.length }, talk);
  const paths: Interpolation['paths'] = [];
  try {
    for (const members of pairs) {
      const points: Point[] = [];
      for (const share of SHARES) {
        points.push(await pointAt(interpolate(states[members[0]]!, states[members[1]]!, share), train, report, computing));
        bar.update(paths.length * SHARES.length + points.length, `${members[0]} to ${members[1]}`);
      }
      paths.push({ members, ...figuresOf(points, bootstrap) });
    }
  } finally {
    bar.stop();
  }
  return { trainSamples: train.size, seed: bootstrap.seed, paths };
}

/** Of each sample. */
interface Point {
  readonly trainLoss: Float64Array;
  readonly loss: Float64Array;
  readonly error: Uint8Array;
}

async function pointAt(between: ModelState, train: Source, report: Source, computing: Computing): Promise<Point> {
  const { engine, threads } = computing;
  const state = await reestimateNorms(engine, network(between.spec), between, train, { batchSize: BATCH, threads });
  await using members = await openMembers([state], computing);
  const [seen, others] = [await members.outputsOf(train), await members.outputsOf(report)];
  const lossOf = ({ labels, prediction: { probs, classes } }: typeof seen) => {
    const logs = logProbabilities(probs);
    return Float64Array.from(labels, (label, n) => -logs[n * classes + label]!);
  };
  const { correct } = topLabel(others.prediction.probs, others.labels);
  return { trainLoss: lossOf(seen), loss: lossOf(others), error: correct.map((right) => 1 - right) };
}

type Values = Readonly<Record<'trainLoss' | 'loss' | 'error', number>>;

function figuresOf(points: readonly Point[], bootstrap: Bootstrap): Pick<Interpolation['paths'][number], 'barrier' | 'points'> {
  const onTrain = points.map(({ trainLoss }) => resampledMeans({ trainLoss }));
  const onReport = points.map(({ loss, error }) => resampledMeans({ loss, error }));
  const resampled = [intervals(onTrain, points[0]!.trainLoss.length), intervals(onReport, points[0]!.loss.length)];
  const all = (index: number): WithIntervals<keyof Values> => {
    const [first, second] = resampled.map((own) => own[index]!.intervals);
    return first && second ? { intervals: { ...first, ...second } } : {};
  };
  const values = points.map(({ trainLoss, loss, error }): Values => ({ trainLoss: mean(trainLoss), loss: mean(loss), error: mean(error) }));
  const height = { trainLoss: barrier(values, 'trainLoss'), loss: barrier(values, 'loss'), error: barrier(values, 'error') };
  return {
    barrier: { ...height, ...all(points.length) },
    points: values.map((own, k): PathFigures & { share: number } => ({ share: SHARES[k]!, ...own, ...all(k) })),
  };

  /** Of all points and, last, of the barrier. */
  function intervals<Name extends keyof Values>(means: readonly ((rows: Uint32Array) => Record<Name, number>)[], size: number) {
    const overPath = (rows: Uint32Array) => {
      const path = means.map((own) => own(rows));
      return Object.fromEntries(Object.keys(path[0]!).map((name) => [name, barrier(path, name as Name)])) as Record<Name, number>;
    };
    return intervalsOf<Name>(size, [...means, overPath], bootstrap);
  }
}

/** How far the path rises above the straight line between its ends, at most; 0 for a path that nowhere does. */
export function barrier<Name extends string>(path: readonly Readonly<Record<Name, number>>[], name: Name): number {
  const [from, to] = [path[0]![name], path.at(-1)![name]];
  return path.reduce((most, point, k) => Math.max(most, point[name] - (from + (k / (path.length - 1)) * (to - from))), 0);
}

const mean = (values: Float64Array | Uint8Array): number => {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
};
