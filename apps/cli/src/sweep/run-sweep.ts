/** The course of a sweep: which runs are trained when, and what is written down of them. Deterministic where one is trained at a time. */
import { existsSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SparseError } from '@freetickets/sparse-core';
import { prepareRun } from '../commands/train.ts';
import type { Flags } from '../experiment-fields.ts';
import { epochsIn, metricAfter, secondsOf } from '../run-epochs.ts';
import { isLease, RunLease } from '../run-lease.ts';
import type { Talk } from '../talk.ts';
import type { Definition, PlannedRun } from './definition.ts';
import { forkRun } from './fork-run.ts';
import { progressIn, writeManifest } from './manifest.ts';
import { type Job, NO_PROGRESS, nextJob, type Progress } from './progress.ts';
import { type RunEnd, type RunTask, trainRunTo } from './train-run.ts';

export interface Sweeping {
  readonly folder: string;
  readonly definition: Definition;
  /** Runs at a time; more than 1: each in a process of its own. */
  readonly parallel: number;
  /** Circumstances as the command line has them. */
  readonly flags: Flags;
  /** Runs that have failed go on from their last checkpoint. Default: they stay as they are. */
  readonly retry?: boolean;
}

/**
 * Begins a sweep in a new folder, or goes on with the one that the folder holds.
 * @returns how far each run has come, by name; whatever `signal` stopped can go on later
 * @throws SparseError INVALID_CONFIG for a folder of another sweep, ALREADY_EXISTS for one of something else, DISK_FAILED
 */
export async function runSweep(sweeping: Sweeping, talk: Talk, signal: AbortSignal): Promise<ReadonlyMap<string, Progress>> {
  const { folder, definition } = sweeping;
  await makeFolder(folder);
  await using _lease = await RunLease.take(folder);
  const progress = await progressIn(folder, definition);
  for (const [name, now] of progress) {
    if (now.status === 'failed' && sweeping.retry) progress.set(name, { ...now, status: 'begun', error: undefined });
    if (now.status === 'begun') await untilFree(join(folder, name));
  }
  return await new Course(sweeping, progress, talk, signal).run();
}

/**
 * Makes the folders of all runs and trains none, so that each of their members can be a task of a scheduler. Runs that are there are left as they are.
 * @throws SparseError as `runSweep`; INVALID_CONFIG for a search that decides by results
 */
export async function prepareSweep(
  { folder, definition }: Sweeping,
  talk: Talk,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Progress>> {
  if (definition.judging.search === 'asha')
    throw new SparseError('INVALID_CONFIG', '--prepare', 'a grid or a random search, because asha decides by results', 'asha');
  await makeFolder(folder);
  await using _lease = await RunLease.take(folder);
  const progress = await progressIn(folder, definition);
  for (const { name, experiment } of definition.runs) {
    const run = join(folder, name);
    if (!existsSync(join(run, 'run.json'))) await prepareRun(experiment, run, talk, { signal });
  }
  await writeManifest(folder, definition, progress);
  return progress;
}

/**
 * Processes of a sweep that was killed end as soon as they notice, at the latest after a step, and hold their runs until then. What is held
 * for longer is somebody else's, and will be told.
 */
async function untilFree(run: string): Promise<void> {
  for (let attempt = 0; attempt < 100 && existsSync(run); attempt++) {
    const lease = await RunLease.take(run).catch(() => undefined);
    if (lease) return lease[Symbol.asyncDispose]();
    await delay(100);
  }
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
    throw new SparseError('INVALID_ARGUMENT', folder, 'a folder that can be made', cause, '', { cause });
  });
  const names = await readdir(folder);
  if (names.length === 0 || names.includes('sweep.json')) return;
  // A process that was killed in its first moment has left a file half-written, and nothing else.
  if (names.every((name) => name.endsWith('.tmp') || isLease(name))) return;
  const found = new Error('one with other files in it');
  throw new SparseError('ALREADY_EXISTS', folder, 'a new folder, or one of a sweep', found, 'Choose another --to');
}

class Course {
  readonly #sweeping: Sweeping;
  readonly #progress: Map<string, Progress>;
  readonly #talk: Talk;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #busy = new Map<string, Promise<void>>();
  #saved: Promise<void> = Promise.resolve();

  constructor(sweeping: Sweeping, progress: Map<string, Progress>, talk: Talk, signal: AbortSignal) {
    this.#sweeping = sweeping;
    this.#progress = progress;
    this.#talk = talk;
    this.#signal = AbortSignal.any([signal, this.#stop.signal]);
  }

  async run(): Promise<ReadonlyMap<string, Progress>> {
    try {
      await this.#save();
      for (this.#fill(); this.#busy.size > 0; this.#fill()) await Promise.race(this.#busy.values());
    } finally {
      this.#stop.abort();
      await Promise.allSettled(this.#busy.values());
    }
    return this.#progress;
  }

  /** Begins as many runs as may be trained at a time. */
  #fill(): void {
    const { definition, parallel } = this.#sweeping;
    while (this.#busy.size < parallel && !this.#signal.aborted) {
      const job = nextJob(definition, this.#progress, new Set(this.#busy.keys()));
      if (!job) return;
      const { name } = job.run;
      this.#busy.set(
        name,
        this.#perform(job).finally(() => this.#busy.delete(name)),
      );
    }
  }

  async #perform(job: Job): Promise<void> {
    const { run, until } = job;
    const { experiment } = run;
    const { flags } = this.#sweeping;
    const folder = join(this.#sweeping.folder, run.name);
    await this.#save();
    if (await this.#note(job, 'stopped')) return; // it has been there, and was killed before that was written down
    this.#talk.say(`${this.#place(run)}${until === null ? '' : `, to epoch ${until}`}`);
    const end = await this.#train({ folder, experiment, flags, until });
    if (end.end === 'failed') {
      if (end.ofDisk) throw new SparseError('DISK_FAILED', folder, 'a disk that takes what runs write', new Error(end.error));
      this.#talk.say(`${run.name} failed: ${end.error}`);
      this.#set(run, { status: 'failed', error: end.error });
    } else await this.#note(job, end.end);
    await this.#save();
  }

  #train(task: RunTask): Promise<RunEnd> {
    const { parallel } = this.#sweeping;
    if (parallel === 1) return trainRunTo(task, this.#talk, this.#signal);
    const threads = task.experiment.threads ?? Math.max(1, Math.floor(availableParallelism() / parallel));
    const flags = { ...task.flags, threads: String(threads) };
    return forkRun({ ...task, experiment: { ...task.experiment, threads }, flags }, this.#signal);
  }

  /** Writes down where a run stands. @returns whether it is where it was sent to */
  async #note({ run, until }: Job, end: 'finished' | 'stopped'): Promise<boolean> {
    const { metric } = this.#sweeping.definition.judging;
    const epochs = await epochsIn(join(this.#sweeping.folder, run.name, 'events.jsonl'));
    const there = until !== null && (epochs.at(-1)?.epochOfRun ?? 0) >= until;
    const { reports } = this.#progress.get(run.name) ?? NO_PROGRESS;
    const value = metricAfter(epochs, metric);
    this.#set(run, {
      status: end === 'finished' ? 'finished' : 'begun',
      reports: there ? { ...reports, [until]: metricAfter(epochs, metric, until)! } : reports,
      value,
      epochs: epochs.at(-1)?.epochOfRun ?? 0,
      seconds: secondsOf(epochs),
    });
    return there || end === 'finished';
  }

  #set({ name }: PlannedRun, change: Partial<Progress>): void {
    this.#progress.set(name, { ...(this.#progress.get(name) ?? NO_PROGRESS), ...change });
  }

  /** One writer at a time. */
  #save(): Promise<void> {
    const { folder, definition } = this.#sweeping;
    this.#saved = this.#saved.then(() => writeManifest(folder, definition, this.#progress));
    return this.#saved;
  }

  #place(run: PlannedRun): string {
    const { runs } = this.#sweeping.definition;
    return `run ${runs.indexOf(run) + 1} of ${runs.length}: ${run.name}`;
  }
}
