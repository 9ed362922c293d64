/** R13: two processes on one run. Exactly one writes; who slept through its lease is refused. */
import { readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contents, folder, reached, remove, run, start } from '../e2e/command.ts';
import { record, tier } from './tier.ts';
import { fingerprint, TINY } from './victim.ts';

const home = folder();
let expected = '';
beforeAll(async () => {
  await run([...TINY, '--out', join(home, 'whole')]);
  expected = fingerprint(join(home, 'whole'));
});
afterAll(() => remove(home));

const TIMES = tier(2, 17);
const REFUSED = /expected a (run that nobody else works on|folder that does not exist yet), received one/;

describe('two processes', () => {
  it('that begin the same run: one trains it, the other is refused', async () => {
    for (let i = 0; i < TIMES; i++) {
      const path = join(home, `begun-${i}`);
      const ends = await Promise.all([run([...TINY, '--out', path]), run([...TINY, '--out', path])]);
      expect(ends.map(({ code }) => code).sort()).toEqual([0, 1]);
      expect(ends.find(({ code }) => code === 1)!.stderr).toMatch(REFUSED);
      expect(fingerprint(path)).toBe(expected);
      remove(path);
    }
    record('R13', TIMES, 'begun twice at once: one trained, the other was refused');
  });

  it('that go on with a run whose process was killed: one does, the other is refused or finds it finished', async () => {
    for (let i = 0; i < TIMES; i++) {
      const path = join(home, `resumed-${i}`);
      const first = start([...TINY, '--out', path]);
      await reached(2, path, first);
      await first.kill('SIGKILL');
      const resume = ['train', '--quiet', '--resume', path];
      const ends = await Promise.all([run(resume), run(resume)]);
      expect(ends.some(({ code }) => code === 0)).toBe(true);
      for (const { code, stderr } of ends) if (code !== 0) expect([code, stderr]).toEqual([1, expect.stringMatching(REFUSED)]);
      expect(fingerprint(path)).toBe(expected);
      remove(path);
    }
    record('R13', TIMES, 'resumed twice at once after a kill: the same hash');
  });

  it('of which the first slept through its lease: the second trains, the first writes no more', async () => {
    for (let i = 0; i < TIMES; i++) {
      const path = join(home, `slept-${i}`);
      const sleeper = start([...TINY, '--out', path]);
      await reached(1 + (i % 3), path, sleeper);
      sleeper.child.kill('SIGSTOP');
      for (const name of readdirSync(path)) if (name.startsWith('lease-')) utimesSync(join(path, name), 0, 0);
      const second = await run(['train', '--quiet', '--resume', path]);
      const finished = contents(path);
      sleeper.child.kill('SIGCONT');
      const { code, stderr } = await sleeper.finished;
      expect(second).toMatchObject({ code: 0, stderr: '' });
      // It may have been stopped behind its last save.
      if (code !== 0) expect([code, stderr]).toEqual([1, expect.stringContaining('one that another process took over')]);
      expect(contents(path)).toEqual(finished);
      expect(fingerprint(path)).toBe(expected);
      remove(path);
    }
    record('R13', TIMES, 'stopped for longer than the lease: taken over, the stale process refused, nothing changed by it');
  });
});
