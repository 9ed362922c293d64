/** One run of a sweep, from wherever it stands to the epoch that it has been sent to: the same code as `train` and `train --resume`. */
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { resumeRun, startRun } from '../commands/train.ts';
import { explain, isOfDisk } from '../exit.ts';
import type { Experiment, Flags } from '../experiment-fields.ts';
import type { Talk } from '../talk.ts';

export interface RunTask {
  readonly folder: string;
  readonly experiment: Experiment;
  /** Laid over the experiment of a run that goes on. */
  readonly flags: Flags;
  /** Epoch of the run after which it stops; null: at its end. */
  readonly until: number | null;
}

/** `failed` says why in a sentence. A disk that is full or fails is no fault of the run: everything has to stop. */
export type RunEnd =
  | { readonly end: 'finished' | 'stopped' }
  | { readonly end: 'failed'; readonly error: string; readonly ofDisk: boolean };

export async function trainRunTo({ folder, experiment, flags, until }: RunTask, talk: Talk, signal: AbortSignal): Promise<RunEnd> {
  const stop = { signal, ...(until !== null && { afterEpoch: until }) };
  try {
    if (existsSync(join(folder, 'run.json'))) {
      const { finished } = await resumeRun(folder, talk, stop, { flags });
      return { end: finished ? 'finished' : 'stopped' };
    }
    await rm(folder, { recursive: true, force: true }); // of a process that was killed before the run had begun
    const { finished } = await startRun(experiment, folder, talk, stop);
    return { end: finished ? 'finished' : 'stopped' };
  } catch (error) {
    if (signal.aborted && error instanceof Error && error.name === 'AbortError') return { end: 'stopped' };
    return { end: 'failed', error: sentenceOf(error), ofDisk: isOfDisk(error) };
  }
}

const sentenceOf = (error: unknown): string => (error instanceof SparseError ? error.message : explain(error));
