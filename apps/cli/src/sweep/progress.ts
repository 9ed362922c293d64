/** How far the runs of a sweep have come, and what that means for what is to be done next. */
import type { Definition, Judging, PlannedRun } from './definition.ts';
import { promotion, type Standing } from './promotion.ts';

export interface Progress {
  readonly status: 'waiting' | 'begun' | 'finished' | 'failed';
  /** Epoch that the run has been sent to; null: its end. */
  readonly until?: number | null | undefined;
  /** The metric after the epochs that it has been sent to, by epoch. */
  readonly reports: Readonly<Record<string, number>>;
  /** The metric where the run stands. */
  readonly value?: number | undefined;
  /** Epochs that it has been through. */
  readonly epochs: number;
  /** Of training. */
  readonly seconds: number;
  readonly error?: string | undefined;
}

export const NO_PROGRESS: Progress = { status: 'waiting', reports: {}, epochs: 0, seconds: 0 };

export interface Job {
  readonly run: PlannedRun;
  readonly until: number | null;
}

/**
 * The next run to train, of a trial that is under way if there is one.
 * @param progress by name of the run; this adds to it that the runs of a promoted trial have been sent on
 * @param busy names of runs that are being trained
 * @returns undefined when there is nothing to do before a busy run arrives
 */
export function nextJob(definition: Definition, progress: Map<string, Progress>, busy: ReadonlySet<string>): Job | undefined {
  const { judging, runs, seeds } = definition;
  const progressOf = ({ name }: PlannedRun) => progress.get(name) ?? NO_PROGRESS;
  const underWay = runs.find((run) => !busy.has(run.name) && progressOf(run).until !== undefined && !hasArrived(progressOf(run)));
  if (underWay) return { run: underWay, until: progressOf(underWay).until! };
  const trials = Array.from({ length: runs.length / seeds.length }, (_, trial) =>
    runs.slice(trial * seeds.length, (trial + 1) * seeds.length),
  );
  const standings = trials.map((own) => standingOf(own.map(progressOf), judging));
  const next = promotion(standings, judging.rungs.length, judging.reduction);
  if (!next) return undefined;
  const until = judging.rungs[next.rung] ?? null;
  for (const run of trials[next.trial]!) {
    const now = progressOf(run);
    progress.set(run.name, { ...now, until, status: now.status === 'waiting' ? 'begun' : now.status });
  }
  return nextJob(definition, progress, busy);
}

/** At the epoch that it has been sent to, or at its end. */
const hasArrived = ({ status, until, reports }: Progress): boolean =>
  status === 'finished' || status === 'failed' || (typeof until === 'number' && String(until) in reports);

function standingOf(runs: readonly Progress[], { rungs, direction }: Judging): Standing {
  const { until } = runs[0]!;
  if (until === undefined) return { scores: [] };
  const rung = until === null ? rungs.length : rungs.indexOf(until);
  const sign = direction === 'maximize' ? 1 : -1;
  const scoreAt = (epoch: number) => {
    if (runs.some(({ status }) => status === 'failed')) return Number.NEGATIVE_INFINITY;
    return (sign * runs.reduce((sum, run) => sum + (run.reports[epoch] ?? run.value!), 0)) / runs.length;
  };
  const reached = rungs.slice(0, runs.every(hasArrived) ? rung + 1 : rung);
  return { rung, scores: reached.map(scoreAt) };
}
