/** `freetickets assemble`: a run, or all runs of a sweep, from members that were trained each on its own. */
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { type Command, Option } from 'commander';
import { type AssembledRun, type AssembleOptions, assembleRun } from '../cluster/assemble.ts';
import { isSweep, runsIn } from '../cluster/tasks.ts';
import { EXIT } from '../exit.ts';
import { addCommand, type Common, withOutput } from '../options.ts';
import { RunLease } from '../run-lease.ts';
import { manifestPath, noteFinished, readManifest } from '../sweep/manifest.ts';
import { finishedProgress } from '../sweep/progress-in-log.ts';
import { type Talk, talk } from '../talk.ts';
import { counted } from '../text.ts';

interface Assembled {
  readonly path: string;
  readonly runs: readonly AssembledRun[];
  /** Why runs could not be assembled, by folder. */
  readonly errors: Readonly<Record<string, string>>;
}

export function assembleCommand(root: Command): void {
  const command = addCommand(root, 'assemble', 'Verifies members that were trained each on its own, and makes the run of them.', [
    'assemble runs/dst',
    'assemble runs/dst --allow-missing',
  ])
    .argument('<DIR>', 'folder of the run or the sweep that was submitted')
    .addOption(new Option('--allow-missing', 'make do with the members that are finished; others may be added later'));
  withOutput(command).action(async (path: string, { json, quiet, allowMissing = false }: Common & AssembleOptions) => {
    const speak = talk({ json, quiet });
    const result = await (isSweep(path) ? assembleSweep : assembleOne)(path, speak, { allowMissing });
    speak.result(result, assembledText(result));
    if (Object.keys(result.errors).length > 0) process.exitCode = EXIT.failed;
  });
}

const assembleOne = async (path: string, talk: Talk, options: AssembleOptions): Promise<Assembled> => ({
  path,
  runs: [await assembleRun(path, talk, options)],
  errors: {},
});

/** Runs that cannot be assembled are told at the end; the others are, and the sweep knows of them. */
async function assembleSweep(path: string, talk: Talk, options: AssembleOptions): Promise<Assembled> {
  await using _lease = await RunLease.take(path);
  const { judging } = await readManifest(manifestPath(path));
  const runs: AssembledRun[] = [];
  const errors: Record<string, string> = {};
  for (const run of await runsIn(path)) {
    try {
      runs.push(await assembleRun(run, talk, options));
    } catch (error) {
      if (!(error instanceof SparseError)) throw error;
      errors[run] = error.message;
    }
  }
  const progress = new Map<string, Awaited<ReturnType<typeof finishedProgress>>>();
  for (const { run, finished } of runs) if (finished) progress.set(run, await finishedProgress(join(run, 'events.jsonl'), judging.metric));
  await noteFinished(path, (name) => progress.get(join(path, name)));
  return { path, runs, errors };
}

function assembledText({ path, runs, errors }: Assembled): string {
  const lines = runs.map(
    ({ run, tickets, members, missing }) =>
      `${run}: ${counted(tickets, 'ticket')} of ${counted(members.length, 'member')}${Object.keys(missing).length > 0 ? `, without ${Object.keys(missing).join(', ')}` : ''}`,
  );
  const failed = Object.values(errors);
  if (failed.length > 0) return [...lines, '', ...failed].join('\n');
  return [...lines, `next: freetickets evaluate ${runs.length === 1 ? runs[0]!.run : `${path}/*/`}`].join('\n');
}
