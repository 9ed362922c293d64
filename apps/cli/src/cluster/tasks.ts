/** What there is to train in a folder, one task for each independent member: what a scheduler counts through, whatever scheduler it is. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { plansOf } from '../plans.ts';
import { RunFolder } from '../run-folder.ts';
import { manifestPath, readManifest } from '../sweep/manifest.ts';

export interface Task {
  /** Counted from 0 over all members of all runs of a sweep; of a single run, the member. */
  readonly index: number;
  /** Folder of the run. */
  readonly run: string;
  readonly member: number;
}

/** Whether a folder is that of a sweep; else it is taken for a run's. */
export const isSweep = (path: string): boolean => existsSync(manifestPath(path));

/** The run itself, or the runs of a sweep in their order. @throws SparseError INVALID_CONFIG for a sweep that decides by results */
export async function runsIn(path: string): Promise<string[]> {
  if (!isSweep(path)) return [path];
  const { judging, runs } = await readManifest(manifestPath(path));
  if (judging.search !== 'asha') return runs.map(({ name }) => join(path, name));
  const hint = 'Which of its runs go on depends on the others: use freetickets sweep --parallel N';
  throw new SparseError('INVALID_CONFIG', path, 'a grid or a random search', 'asha', hint);
}

/** @throws SparseError MISSING_FILE or BAD_FILE when the folder is not that of a run, or of a sweep whose runs have been made */
export async function tasksIn(path: string): Promise<Task[]> {
  const tasks: Task[] = [];
  for (const run of await runsIn(path)) {
    const { experiment } = await RunFolder.open(run);
    for (const member of plansOf(experiment).keys()) tasks.push({ index: tasks.length, run, member });
  }
  return tasks;
}

/** @throws SparseError as `tasksIn`; INVALID_CONFIG for an index that there is not */
export async function taskAt(path: string, index: number): Promise<Task> {
  const tasks = await tasksIn(path);
  const task = tasks[index];
  if (task) return task;
  throw new SparseError('INVALID_CONFIG', '--member', `a member of ${path}, from 0 to ${tasks.length - 1}`, index);
}
