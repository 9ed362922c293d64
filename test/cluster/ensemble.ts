/** A run of independent members that the tests of this folder hand to schedulers, and what it must come to. */
import { existsSync, readdirSync } from 'node:fs';
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
  until(`member ${member} of ${path} has ${lines} lines`, 120, () => linesOf(memberPath(path, member)) >= lines);

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
