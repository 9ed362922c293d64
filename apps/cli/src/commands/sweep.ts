/** `freetickets sweep`: many runs from one experiment file, and what came of them. `../sweep` knows how; here it is told. */
import { meanInterval } from '@freetickets/metrics';
import { type ExperimentFile, readExperimentFile } from '../experiment.ts';
import type { Metric } from '../run-epochs.ts';
import { type Definition, defineSweep, type PlannedRun, type SweepOptions } from '../sweep/definition.ts';
import type { Point } from '../sweep/points.ts';
import { NO_PROGRESS, nextJob, type Progress } from '../sweep/progress.ts';
import { prepareSweep, runSweep } from '../sweep/run-sweep.ts';
import type { Search } from '../sweep/sweep-block.ts';
import type { Talk } from '../talk.ts';
import { counted, durationText, table } from '../text.ts';

export interface SweepTrial {
  readonly name: string;
  /** What the search has set. */
  readonly values: Point;
  /** Names of the run folders, a seed each. */
  readonly runs: readonly string[];
  readonly status: Progress['status'];
  /** That all its runs have been through. */
  readonly epochs: number;
  /** Of the metric over the seeds where they stand, with its 95 % interval; null before the first epoch, and ends of a single seed. */
  readonly mean: number | null;
  readonly low: number | null;
  readonly high: number | null;
  /** Of training, over the seeds. */
  readonly seconds: number;
  /** Why runs have failed, by name of the run. */
  readonly errors: Readonly<Record<string, string>>;
}

export interface SweepResult {
  readonly sweep: string;
  /** False: stopped on request. */
  readonly finished: boolean;
  /** Its folders were made, and nothing was trained. */
  readonly prepared: boolean;
  readonly search: Search;
  readonly metric: Metric;
  readonly failedRuns: number;
  /** Those that came furthest first, and of these the best. */
  readonly trials: readonly SweepTrial[];
}

/**
 * Begins the sweep of an experiment file in the folder `to`, or goes on with it there.
 * @param parallel runs at a time, each in a process of its own where it is more than 1
 * @param retry train runs that have failed again, from their last checkpoint
 * @param prepare make the folders of all runs, and train nothing
 */
export async function sweepExperiment(
  file: ExperimentFile | string,
  to: string,
  talk: Talk,
  {
    signal = new AbortController().signal,
    parallel = 1,
    retry = false,
    prepare = false,
    ...options
  }: SweepOptions & { signal?: AbortSignal; parallel?: number; retry?: boolean; prepare?: boolean } = {},
): Promise<SweepResult> {
  const definition = defineSweep(typeof file === 'string' ? await readExperimentFile(file) : file, options);
  const sweeping = { folder: to, definition, parallel, retry, flags: options.flags ?? {} };
  const progress = await (prepare ? prepareSweep : runSweep)(sweeping, talk, signal);
  const { search, metric } = definition.judging;
  const trials = trialsOf(definition, progress);
  const finished = nextJob(definition, new Map(progress), new Set()) === undefined;
  const failedRuns = trials.reduce((sum, { errors }) => sum + Object.keys(errors).length, 0);
  return { sweep: to, finished, prepared: prepare, search, metric, failedRuns, trials };
}

function trialsOf({ runs, seeds, judging }: Definition, progress: ReadonlyMap<string, Progress>): SweepTrial[] {
  const trials = Array.from({ length: runs.length / seeds.length }, (_, trial) => {
    const own = runs.slice(trial * seeds.length, (trial + 1) * seeds.length);
    return trialOf(
      own,
      own.map(({ name }) => progress.get(name) ?? NO_PROGRESS),
    );
  });
  const sign = judging.direction === 'maximize' ? 1 : -1;
  const score = ({ mean, status }: SweepTrial) => (mean === null || status === 'failed' ? -Number.MAX_VALUE : sign * mean);
  // A run that was stopped early says little of one that was not.
  const length = ({ status, epochs }: SweepTrial) => (status === 'finished' ? Number.MAX_VALUE : status === 'failed' ? -1 : epochs);
  return trials.sort((a, b) => length(b) - length(a) || score(b) - score(a));
}

function trialOf(runs: readonly PlannedRun[], progress: readonly Progress[]): SweepTrial {
  const values = progress.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const { mean, low, high } = values.length === runs.length ? meanInterval(values) : { mean: null, low: null, high: null };
  const order = ['failed', 'waiting', 'begun', 'finished'] as const;
  const errors = progress.flatMap(({ error }, index) => (error === undefined ? [] : [[runs[index]!.name, error] as const]));
  return {
    name: runs[0]!.name.replace(/(^|,)seed=\d+$/, ''),
    values: runs[0]!.values,
    runs: runs.map(({ name }) => name),
    status: order.find((status) => progress.some((run) => run.status === status))!,
    epochs: Math.min(...progress.map(({ epochs }) => epochs)),
    mean,
    low: orNull(low),
    high: orNull(high),
    seconds: progress.reduce((sum, { seconds }) => sum + seconds, 0),
    errors: Object.fromEntries(errors),
  };
}

/** JSON knows no NaN, which a single seed has for an interval. */
const orNull = (value: number | null): number | null => (value === null || Number.isNaN(value) ? null : value);

const STATUS = { waiting: 'not begun', begun: 'stopped', finished: 'finished', failed: 'failed' } as const;

/** @param again the command that goes on with a sweep that was stopped */
export function sweepText({ sweep, finished, prepared, metric, trials, failedRuns }: SweepResult, again: string): string {
  if (prepared && !finished)
    return `${counted(trials.length, 'trial')} in ${sweep}, nothing trained\nnext: freetickets submit ${sweep} --engine NAME`;
  const rows = trials.map(({ name, runs, status, epochs, mean, low, high, seconds }) => [
    name || 'the only trial',
    STATUS[status],
    String(runs.length),
    String(epochs),
    mean === null ? '-' : mean.toFixed(4),
    low === null || high === null ? '-' : `${low.toFixed(4)}..${high.toFixed(4)}`,
    durationText(seconds),
  ]);
  const errors = trials.flatMap((trial) => Object.entries(trial.errors).map(([name, error]) => `${name}: ${error.split('\n')[0]}`));
  return [
    table(['trial', 'state', 'seeds', 'epochs', metric, '95 % interval', 'training'], rows),
    ...(failedRuns > 0 ? ['', `${counted(failedRuns, 'run')} failed:`, ...errors] : []),
    '',
    finished ? `next: freetickets evaluate ${sweep}/*/ and freetickets compare ${sweep}` : `stopped; go on with: ${again}`,
  ].join('\n');
}
