/** A run that takes a second, saves often, and does the same every time: what the tests of this folder stop, starve and damage. */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeCheckpoint, encodeCheckpoint } from '@freetickets/dst-trainer';
import { vi } from 'vitest';
import { eventsOf, type Finished, MAIN, ticketsOf } from '../e2e/command.ts';
import { tier } from './tier.ts';

vi.setConfig({ testTimeout: tier(300_000, 7_200_000) });

/** 180 generated pictures of 8 x 8: 6 steps an epoch, a checkpoint every 4. */
export const TINY =
  'train --quiet --limit-per-class 20 --image-size 8 --batch-size 32 --rewire-every 4 --tickets 2 --explore-epochs 2 --refine-epochs 1 --checkpoint-every 4 --loader-workers 0 --threads 1'.split(
    ' ',
  );

/** SHA-256 of all that a run must end with: weights, positions and momentum, tickets, events. Times are left out. */
export function fingerprint(run: string): string {
  const hash = createHash('sha256').update(JSON.stringify([ticketsOf(run), eventsOf(run)]));
  const { state } = lastCheckpoint(run);
  return hash.update(encodeCheckpoint({ ...state, elapsedSeconds: 0 })).digest('hex');
}

/** Names of the checkpoints of a run, newest first. */
export function checkpointsOf(run: string): string[] {
  const place = (name: string) => name.split(/[-.]/).map(Number) as [number, number];
  const names = existsSync(join(run, 'checkpoints')) ? readdirSync(join(run, 'checkpoints')) : [];
  const whole = names.filter((name) => /^\d+-\d+\.safetensors$/.test(name));
  return whole.sort((a, b) => place(b)[0] - place(a)[0] || place(b)[1] - place(a)[1]);
}

function lastCheckpoint(run: string): ReturnType<typeof decodeCheckpoint> {
  const path = join(run, 'checkpoints', checkpointsOf(run)[0]!);
  return decodeCheckpoint(readFileSync(path), path);
}

/** What goes on with a run, or begins it where it was stopped before there was anything. */
export const goOn = (args: readonly string[], run: string): string[] =>
  existsSync(join(run, 'run.json')) ? ['train', '--quiet', '--resume', run] : [...args, '--out', run];

/** `strace` can do here what its options say. */
export const straceWorks = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
export const NO_STRACE = '(skipped: there is no strace, or it may not be used)';

/** Calls to the system that change files. One thread makes them all, so that they can be counted. */
export const CALLS = ['pwrite64', 'fsync', 'rename', 'unlink', 'mkdir'] as const;
export type Call = (typeof CALLS)[number];

/** Runs the command under strace. @param options of strace */
export function traced(options: readonly string[], args: readonly string[]): Promise<Finished> {
  const child = spawn('strace', ['-f', '-qq', ...options, process.execPath, MAIN, ...args], {
    env: { ...process.env, UV_THREADPOOL_SIZE: '1' },
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk));
  return new Promise((resolve) => {
    child.once('close', (code, signal) => resolve({ code: code ?? signal!, stdout, stderr }));
  });
}
