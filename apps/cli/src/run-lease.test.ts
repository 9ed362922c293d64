import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RunLease } from './run-lease.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'freetickets-lease-'));
});
afterEach(() => rm(folder, { recursive: true }));

const REFUSED = /expected a run that nobody else works on/;

/** The lease of this process, as somebody else's, with the token 7. */
async function leaseOf(change: Partial<Record<'machine' | 'pid' | 'start', string | number>>): Promise<string> {
  const mine = await RunLease.take(folder);
  const [, machine, pid, start] = /^lease-\d+-(\w+)-(\d+)-(\d*)\.json$/.exec((await readdir(folder))[0]!)!;
  await mine[Symbol.asyncDispose]();
  const name = `lease-7-${change.machine ?? machine}-${change.pid ?? pid}-${change.start ?? start}.json`;
  await writeFile(join(folder, name), '{"host":"far-away"}');
  return name;
}

const idleFor = (name: string, seconds: number) => {
  const then = new Date(Date.now() - seconds * 1000);
  return utimes(join(folder, name), then, then);
};

describe('a lease', () => {
  it('is one at a time, and gone when it is given back', async () => {
    const first = await RunLease.take(folder);
    await first.check();
    await expect(RunLease.take(folder)).rejects.toThrow(REFUSED);
    await expect(RunLease.take(folder)).rejects.toThrow(`one that process ${process.pid} of `);
    await first[Symbol.asyncDispose]();
    expect(await readdir(folder)).toEqual([]);
    const second = await RunLease.take(folder);
    expect(second.token).toBeGreaterThanOrEqual(first.token);
    await expect(first.check()).rejects.toThrow(REFUSED);
    await second[Symbol.asyncDispose]();
  });

  it('goes to one of many that ask at the same time', async () => {
    for (let round = 0; round < 20; round++) {
      const asked = await Promise.allSettled(Array.from({ length: 5 }, () => RunLease.take(folder)));
      const taken = asked.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : []));
      expect(taken.length).toBeLessThanOrEqual(1);
      for (const end of asked) if (end.status === 'rejected') expect(end.reason.message).toMatch(REFUSED);
      for (const one of taken) {
        await one.check();
        await one[Symbol.asyncDispose]();
      }
    }
    expect(await readdir(folder)).toEqual([]);
  });

  it.skipIf(!existsSync('/proc/self/stat'))('of a process that has ended is over at once, even where its number came again', async () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    for (const change of [{ pid }, { start: 1 }]) {
      await leaseOf(change);
      await using taken = await RunLease.take(folder);
      expect(taken.token).toBeGreaterThan(7);
      expect(await readdir(folder)).toEqual([expect.stringContaining(`lease-${taken.token}-`)]);
    }
  });

  it('of another machine holds for a minute after its last sign of life', async () => {
    const name = await leaseOf({ machine: '01234567', pid: 1 });
    await idleFor(name, 50);
    await expect(RunLease.take(folder)).rejects.toThrow('one that process 1 of far-away trains');
    await idleFor(name, 70);
    await using taken = await RunLease.take(folder);
    expect(taken.token).toBeGreaterThan(7);
  });

  it('leaves other files alone', async () => {
    await writeFile(join(folder, 'lease.json'), 'a contract');
    const one = await RunLease.take(folder);
    await one[Symbol.asyncDispose]();
    expect(await readdir(folder)).toEqual(['lease.json']);
  });
});
