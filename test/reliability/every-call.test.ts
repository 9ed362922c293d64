/** R1, R5: a run that is killed at, or has a failing disk at, every single call by which it changes files. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contents, folder, remove, run } from '../e2e/command.ts';
import { record, some, tier } from './tier.ts';
import { CALLS, type Call, fingerprint, goOn, NO_STRACE, straceWorks, TINY, traced } from './victim.ts';

const home = folder();
afterAll(() => remove(home));

let calls: readonly (readonly [call: Call, n: number])[] = [];
let expected = '';
const title = (text: string) => (straceWorks ? text : `${text} ${NO_STRACE}`);

beforeAll(async () => {
  if (!straceWorks) return;
  const whole = join(home, 'whole');
  const log = join(home, 'log');
  expect((await traced(['-o', log, '-e', `trace=${CALLS.join(',')}`], [...TINY, '--out', whole])).code).toBe(0);
  const lines = readFileSync(log, 'utf8').split('\n');
  calls = CALLS.flatMap((call) => lines.filter((line) => line.includes(` ${call}(`)).map((_, i) => [call, i + 1] as const));
  expected = fingerprint(whole);
});

describe('a run', () => {
  it.skipIf(!straceWorks)(
    title('killed at any call that changes a file ends with the same bytes, and leaves nothing half-written'),
    async () => {
      const chosen = some(calls, 6);
      for (const [call, n] of chosen) {
        const path = join(home, `killed-${call}-${n}`);
        const killed = await traced(['-o', '/dev/null', '-e', `inject=${call}:signal=KILL:when=${n}`], [...TINY, '--out', path]);
        expect(killed.code, `${call} ${n}: ${killed.stderr}`).not.toBe(0);
        const end = await run(goOn(TINY, path));
        expect(end, `${call} ${n}`).toMatchObject({ code: 0, stderr: '' });
        expect(fingerprint(path), `${call} ${n}`).toBe(expected);
        expect(
          Object.keys(contents(path)).filter((name) => name.endsWith('.tmp')),
          `${call} ${n}`,
        ).toEqual([]);
        remove(path);
      }
      record(
        'R1',
        chosen.length,
        `of the ${calls.length} calls of a whole run (${CALLS.join(', ')}), all its saves; resumed to the same hash`,
      );
    },
  );

  it.skipIf(!straceWorks)(
    title('whose disk fails once tries again, or stops with exit code 74 and goes on later, with the same bytes'),
    async () => {
      const failing = calls.filter(([call]) => call !== 'mkdir' && call !== 'unlink');
      const chosen = some(failing, 4);
      let stopped = 0;
      for (const [call, n] of chosen) {
        const path = join(home, `failed-${call}-${n}`);
        const once = await traced(['-o', '/dev/null', '-e', `inject=${call}:error=EIO:when=${n}`], [...TINY, '--out', path]);
        if (once.code !== 0) {
          expect(once, `${call} ${n}`).toMatchObject({ code: 74, stderr: expect.stringMatching(/EIO/) });
          stopped++;
          expect((await run(goOn(TINY, path))).code, `${call} ${n}`).toBe(0);
        }
        expect(fingerprint(path), `${call} ${n}`).toBe(expected);
        remove(path);
      }
      record(
        'R5',
        chosen.length,
        `single EIO at pwrite64, fsync or rename; ${stopped} stopped with exit code 74, the others tried again; same hash`,
      );
    },
  );

  it.skipIf(!straceWorks)(
    title('whose disk fails for good stops with exit code 74; the last good checkpoint is there, and later it goes on'),
    async () => {
      const from = (call: Call) => calls.filter(([name]) => name === call);
      const chosen = [...some(from('fsync'), 1), ...some(from('rename'), 1)].slice(0, tier(1, 12));
      for (const [call, n] of chosen) {
        const path = join(home, `broken-${call}-${n}`);
        const broken = await traced(['-o', '/dev/null', '-e', `inject=${call}:error=EIO:when=${n}+`], [...TINY, '--out', path]);
        expect(broken, `${call} ${n}`).toMatchObject({ code: 74, stderr: expect.stringMatching(/EIO/) });
        expect((await run(goOn(TINY, path))).code, `${call} ${n}`).toBe(0);
        expect(fingerprint(path), `${call} ${n}`).toBe(expected);
        remove(path);
      }
      record('R5+', chosen.length, 'EIO at a call and all later ones of its kind; exit code 74, then resumed to the same hash');
    },
  );
});
