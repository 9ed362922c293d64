/** A run of independent members that the tests of this folder hand to schedulers, and what it must come to. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { json, linesOf, run } from '../e2e/command.ts';
import { fingerprint } from '../reliability/victim.ts';
import { type Slurm, until } from './slurm.ts';

/** Members of 180 generated pictures of 8 x 8, 6 steps an epoch. @param epochs of a member; a hundred take some seconds */
export const members = (count: number, epochs = 3, checkpointEvery = 4): readonly string[] =>
  [
    `--method dst --tickets ${count} --explore-epochs ${epochs - 1} --refine-epochs 1 --checkpoint-every ${checkpointEvery}`,
    '--limit-per-class 20 --image-size 8 --batch-size 32 --rewire-every 4 --threads 1 --loader-workers 0',
  ]
    .join(' ')
    .split(' ');

/** @returns the number of the job */
export async function submitTo(slurm: Slurm, path: string, ...options: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(['submit', path, '--engine', 'slurm', '--json', ...options], slurm.env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return (JSON.parse(stdout) as { job: string }).job;
}

export async function prepare(options: readonly string[], path: string): Promise<void> {
  expect(await run(['train', '--quiet', ...options, '--out', path, '--prepare'])).toMatchObject({ code: 0, stderr: '' });
}

/** The hash of the same run, trained in one process, without a scheduler. */
export async function serially(options: readonly string[], path: string): Promise<string> {
  expect(await run(['train', '--quiet', ...options, '--out', path])).toMatchObject({ code: 0, stderr: '' });
  return fingerprint(path);
}

/** The hash of a run whose members are all finished. */
export async function assembled(path: string): Promise<string> {
  expect(await run(['assemble', path, '--quiet'])).toMatchObject({ code: 0, stderr: '' });
  return fingerprint(path);
}

export interface Status {
  readonly members: readonly { readonly index: number; readonly state: string; readonly epochs: number; readonly reason?: string }[];
}

export const statesOf = async (path: string): Promise<string[]> => (await json<Status>('status', path)).members.map(({ state }) => state);

export const memberPath = (path: string, member: number): string => join(path, 'members', String(member));

/** Waits until a member's log has so many lines. */
export const trained = (path: string, member: number, lines: number): Promise<void> =>
  until(`member ${member} of ${path} has ${lines} lines`, 120, () => linesOf(memberPath(path, member)) >= lines, 1);

/** A process that trains a member and stands still. */
export interface Held {
  readonly process: number;
  /** It goes on, with the signals that have come meanwhile; nothing happens where it has been killed. */
  goOn(): void;
  /** Waits until it has been sent a signal that it will take when it goes on, or has ended. */
  signalled(): Promise<void>;
}

/** Waits until a member's log has so many lines and stops its process there, so that it is not over before the test has done what it does. */
export async function held(path: string, member: number, lines: number): Promise<Held> {
  await trained(path, member, lines);
  const number = processOf(path, member);
  if (number === undefined) throw new Error(`member ${member} of ${path} was over too soon`);
  process.kill(number, 'SIGSTOP');
  const isSignalled = () => !/^ShdPnd:\t0*$/m.test(statusOf(number));
  return {
    process: number,
    goOn() {
      if (statusOf(number) !== '') process.kill(number, 'SIGCONT');
    },
    signalled: () => until(`member ${member} of ${path} is sent a signal`, 120, isSignalled),
  };
}

/** What Linux tells of a process; empty where there is none. */
function statusOf(number: number): string {
  try {
    return readFileSync(`/proc/${number}/status`, 'utf8');
  } catch {
    return '';
  }
}

/** Number of the process that trains a member; undefined where none does. */
export function processOf(path: string, member: number): number | undefined {
  const folder = memberPath(path, member);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const lease = names
    .filter((name) => name.startsWith('lease-'))
    .sort()
    .at(-1);
  return lease === undefined ? undefined : Number(lease.split('-')[3]);
}
