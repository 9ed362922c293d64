/**
 * R11: a run whose requests for memory the system refuses: the n-th one, or all from the n-th on. Whatever then ends, ends without harm. Those
 * that Node makes before it runs anything are left out: refused a thread there, Node 20 waits for it for ever, with `node -e 0` too.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { folder, remove, run } from '../e2e/command.ts';
import { record, SEED, tier } from './tier.ts';
import { fingerprint, goOn, NO_STRACE, straceWorks, TINY, traced } from './victim.ts';

const home = folder();
afterAll(() => remove(home));

/** Of the thread that makes most: of Node that does nothing, and of the whole run. */
let [before, requests] = [0, 0];
let expected = '';
/** With the engine by its name: `auto` would take another one where the kernels are not loaded for lack of memory. */
let args: readonly string[] = [];

beforeAll(async () => {
  if (!straceWorks) return;
  const whole = join(home, 'whole');
  const log = join(home, 'log');
  expect(spawnSync('strace', ['-f', '-qq', '-o', log, '-e', 'trace=mmap', process.execPath, '-e', '0']).status).toBe(0);
  before = requestsIn(log);
  expect((await traced(['-o', log, '-e', 'trace=mmap'], [...TINY, '--out', whole])).code).toBe(0);
  requests = requestsIn(log);
  expected = fingerprint(whole);
  const { engine } = JSON.parse(readFileSync(join(whole, 'run.json'), 'utf8')) as { engine: string };
  args = [...TINY, '--engine', engine.split('/')[0]!];
});

/** How often the thread that asks for memory most often does so. @param log of strace */
function requestsIn(log: string): number {
  const counts = new Map<string, number>();
  for (const [, thread] of readFileSync(log, 'utf8').matchAll(/^(\d+) +mmap\(/gm)) counts.set(thread!, (counts.get(thread!) ?? 0) + 1);
  return Math.max(...counts.values());
}

const title = 'ends with the same bytes, or can go on to them';
it.skipIf(!straceWorks).each(['', '+'])(
  `a run without memory from time to time${straceWorks ? '' : ` ${NO_STRACE}`} ${title}: n%s`,
  async (onwards) => {
    const cases = tier(2, 30);
    const ends = new Map<string, number>();
    for (let i = 0; i < cases; i++) {
      // Evenly over the run; other requests with another seed.
      const own = requests - before;
      const n = before + 1 + ((Math.floor((i * own) / cases) + SEED) % own);
      const path = join(home, `without-${n}`);
      const starved = await traced(['-o', '/dev/null', '-e', `inject=mmap:error=ENOMEM:when=${n}${onwards}`], [...args, '--out', path]);
      if (starved.code !== 0) expect(await run(goOn(args, path)), `request ${n}`).toMatchObject({ code: 0 });
      expect(fingerprint(path), `request ${n}`).toBe(expected);
      ends.set(String(starved.code), (ends.get(String(starved.code)) ?? 0) + 1);
      remove(path);
    }
    const told = [...ends].map(([code, count]) => `${count} ended with ${code}`).join(', ');
    record(
      'R11',
      cases,
      `mmap refused ${onwards ? 'from the n-th on' : 'at the n-th'}, ${before + 1} to ${requests}; ${told}; then resumed to the same hash`,
    );
  },
);
