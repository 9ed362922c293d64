/** A whole `freetickets train` in a process of its own, and what its event log says about its epochs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { inRepository } from './folders.ts';
import type { Settings } from './suite.ts';

export interface SparseRunOptions {
  readonly network: string;
  readonly sparsity: number;
  readonly tickets: number;
  readonly exploreEpochs: number;
  readonly refineEpochs: number;
  readonly limitPerClass?: number | undefined;
}

export interface SparseRun {
  /** All of training: loading of batches, rewirings, validation and checkpoints too; not the decoding of the pictures before it. */
  readonly seconds: number;
  /** Of one epoch, on average. */
  readonly exploreSeconds: number;
  readonly refineSeconds: number;
}

/** @throws SparseError BAD_FILE with what the command said last */
export function sparseRun(options: SparseRunOptions, { data, threads, seed, engine }: Settings): SparseRun {
  const folder = mkdtempSync(join(tmpdir(), 'bench-edst-'));
  const out = join(folder, 'run');
  const flags: readonly (readonly [string, string | number])[] = [
    ['dataset', 'image-folder'],
    ['data', data],
    ['augmentation', 'crop-flip'],
    ['method', 'edst'],
    ['network', options.network],
    ['sparsity', options.sparsity],
    ['tickets', options.tickets],
    ['explore-epochs', options.exploreEpochs],
    ['refine-epochs', options.refineEpochs],
    ...(options.limitPerClass === undefined ? [] : [['limit-per-class', options.limitPerClass] as const]),
    ['threads', threads],
    ['seed', seed],
    ['engine', engine],
    ['out', out],
  ];
  const args = flags.flatMap(([name, value]) => [`--${name}`, String(value)]);
  try {
    const command = [inRepository('apps/cli/dist/main.js'), 'train', '--json', ...args];
    const { seconds } = JSON.parse(
      execFileSync(process.execPath, command, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }),
    ) as SparseRun;
    return { seconds, ...epochSeconds(readFileSync(join(out, 'events.jsonl'), 'utf8')) };
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim().split('\n').at(-1) ?? (cause as Error).message;
    throw new SparseError('BAD_FILE', 'freetickets train', 'a run that ends well', new Error(said), '', { cause });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface LoggedEpoch {
  readonly type: string;
  readonly phase: string;
  /** Since the run began. */
  readonly seconds: number;
}

/** Mean seconds of an epoch of exploration and of refinement, from the lines of `events.jsonl`. */
export function epochSeconds(log: string): Pick<SparseRun, 'exploreSeconds' | 'refineSeconds'> {
  const events = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LoggedEpoch);
  const epochs = events.filter(({ type }) => type === 'epoch');
  const each = epochs.map(({ phase, seconds }, index) => ({ phase, seconds: seconds - (epochs[index - 1]?.seconds ?? 0) }));
  const mean = (phase: string) => {
    const times = each.filter((epoch) => epoch.phase.startsWith(phase)).map((epoch) => epoch.seconds);
    return times.reduce((sum, seconds) => sum + seconds, 0) / times.length;
  };
  return { exploreSeconds: mean('explore'), refineSeconds: mean('refine') };
}
