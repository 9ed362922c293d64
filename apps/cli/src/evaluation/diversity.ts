/** How much the members of an ensemble differ: in what they say, in which weights live, and in the weights themselves. */
import { readFile } from 'node:fs/promises';
import {
  collect,
  disagreement,
  meanPairwiseKl,
  pairwise,
  pairwiseDisagreement,
  pairwiseJs,
  pairwiseKappa,
  pairwiseKl,
  pairwiseQStatistic,
  type ResampledDiversity,
  resampledDiversity,
  topologyOverlap,
  weightCosine,
} from '@freetickets/metrics';
import type { ModelState, Topology } from '@freetickets/sparse-core';
import { type Diversity, orNull } from './document.ts';
import { type Bootstrap, intervalsOf, type WithIntervals } from './intervals.ts';
import type { Outputs } from './members.ts';

/** R_s after a rewiring. */
export interface Explored {
  readonly step: number;
  readonly rate: number;
}

/** The two that every evaluation has. */
export function plainDiversity(outputs: Outputs, bootstrap: Bootstrap): Diversity {
  const { intervals: { disagreement, kl } = {} } = resampled(outputs, bootstrap);
  return { ...plainMeans(outputs), ...(disagreement && kl && { intervals: { disagreement, kl } }) };
}

function plainMeans({ prediction, labels }: Outputs): Pick<Diversity, 'disagreement' | 'kl'> {
  const metrics = collect({ disagreement: disagreement(), kl: meanPairwiseKl() });
  metrics.update(prediction, labels);
  const { disagreement: share, kl } = metrics.value();
  return { disagreement: orNull(share), kl: orNull(kl) };
}

function resampled({ prediction, labels }: Outputs, bootstrap: Bootstrap): WithIntervals<keyof ResampledDiversity> {
  if (prediction.members === 1 || bootstrap.resamples === 0) return {};
  return intervalsOf(labels.length, [resampledDiversity(prediction, labels)], bootstrap)[0]!;
}

/** @param exploration see `explorationIn`; empty where it was not recorded */
export function fullDiversity(
  outputs: Outputs,
  states: readonly ModelState[],
  exploration: readonly (readonly Explored[])[],
  bootstrap: Bootstrap,
): Diversity {
  const metrics = collect({
    disagreement: pairwiseDisagreement(),
    kl: pairwiseKl(),
    js: pairwiseJs(),
    qStatistic: pairwiseQStatistic(),
    kappa: pairwiseKappa(),
  });
  metrics.update(outputs.prediction, outputs.labels);
  const tables = {
    ...metrics.value(),
    topologyOverlap: pairwise(states, (a, b) => overlap(a.topology, b.topology)),
    weightCosine: pairwise(states, weightCosine),
  };
  // A ticket may hold several members: tables of topologies are then smaller than tables of predictions.
  const side = (table: Float64Array) => Math.sqrt(table.length);
  const mean = (table: Float64Array) => orNull(meanOfPairs(table, side(table)));
  const rows = (table: Float64Array) => rowsOf(table, side(table));
  return {
    ...plainMeans(outputs),
    ...resampled(outputs, bootstrap),
    js: mean(tables.js),
    qStatistic: mean(tables.qStatistic),
    kappa: mean(tables.kappa),
    topologyOverlap: mean(tables.topologyOverlap),
    weightCosine: mean(tables.weightCosine),
    pairs: {
      disagreement: rows(tables.disagreement),
      kl: rows(tables.kl),
      js: rows(tables.js),
      qStatistic: rows(tables.qStatistic),
      kappa: rows(tables.kappa),
      topologyOverlap: rows(tables.topologyOverlap),
      weightCosine: rows(tables.weightCosine),
    },
    ...(exploration.length > 0 && {
      exploration: exploration.map((rates) => rates.at(-1)!.rate),
      explorationOverTime: exploration.map((rates) => [...rates]),
    }),
  };
}

/** NaN where members are dense, or where a layer is sparse in one of them only. */
function overlap(a: Topology, b: Topology): number {
  const same = a.size === b.size && [...a.keys()].every((param) => b.has(param));
  return a.size === 0 || !same ? Number.NaN : topologyOverlap(a, b).total;
}

function meanOfPairs(table: Float64Array, members: number): number {
  let sum = 0;
  for (let k = 0; k < table.length; k++) if (k % (members + 1) !== 0) sum += table[k]!;
  return sum / (members * (members - 1));
}

const rowsOf = (table: Float64Array, members: number): (number | null)[][] =>
  Array.from({ length: members }, (_, m) => Array.from(table.subarray(m * members, (m + 1) * members), orNull));

/** R_s as each training of a run wrote it into its log; a line that is not whole, of a process that was killed, ends it. */
export async function explorationIn(logPath: string): Promise<Explored[][]> {
  const text = await readFile(logPath, 'utf8').catch(() => '');
  const found: Explored[][] = [];
  for (const line of text.split('\n')) {
    const { type, member, step, exploration } = parsed(line);
    if (type !== 'rewired' || typeof member !== 'number' || typeof step !== 'number' || typeof exploration !== 'number') continue;
    found[member] ??= [];
    found[member].push({ step, rate: exploration });
  }
  return found.filter((rates) => rates !== undefined);
}

function parsed(line: string): {
  readonly type?: unknown;
  readonly member?: unknown;
  readonly step?: unknown;
  readonly exploration?: unknown;
} {
  try {
    return JSON.parse(line) as object;
  } catch {
    return {};
  }
}
