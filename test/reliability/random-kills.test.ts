/** R2, R3: every method, killed at random moments or asked to stop, again and again, on 1 and 2 threads. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { METHODS } from '@freetickets/dst-trainer';
import { rng } from '@freetickets/sparse-core';
import { afterAll, describe, expect, it } from 'vitest';
import { folder, linesOf, reached, remove, run, start } from '../e2e/command.ts';
import { record, SEED, tier } from './tier.ts';
import { fingerprint, goOn } from './victim.ts';

const home = folder();
afterAll(() => remove(home));

/** Long enough to be killed in; with second moments, averages and dropout where the method has room for them. */
const LONG =
  'train --quiet --limit-per-class 20 --image-size 8 --batch-size 24 --rewire-every 5 --tickets 2 --explore-epochs 14 --refine-epochs 6 --checkpoint-every 3'.split(
    ' ',
  );
const OWN: Partial<Record<(typeof METHODS)[number], string>> = {
  dst: '--optimizer adamw',
  gmp: '--optimizer adamw',
  static: '--average ema:0.9',
  'mc-dropout': '--base dst --passes 2',
  'batch-ensemble': '--base static',
  mimo: '--learning-rate 0.02',
};
const optionsOf = (method: (typeof METHODS)[number]) => [...LONG, '--method', method, ...(OWN[method]?.split(' ') ?? [])];

const KILLS_EACH = tier(1, 22);
const MEAN_MS = 900;

describe.each(METHODS)('the method %s', (method) => {
  it('ends with the same bytes when it is killed at random', async () => {
    const options = optionsOf(method);
    const [whole, killed] = [join(home, `${method}-whole`), join(home, `${method}-killed`)];
    expect(await run([...options, '--threads', '1', '--out', whole])).toMatchObject({ code: 0, stderr: '' });
    const stream = rng(SEED).stream('kills', method);
    let [kills, finished] = [0, 0];
    while (kills < KILLS_EACH) {
      const next = start([...goOn(options, killed), '--threads', kills % 2 === 0 ? '2' : '1']);
      const moment = delay(-Math.log(1 - stream.uniform()) * MEAN_MS).then(() => 'now' as const); // Poisson: whenever it pleases
      if ((await Promise.race([moment, next.finished])) === 'now') await next.kill('SIGKILL');
      const { code, stderr } = await next.finished;
      if (code === 'SIGKILL') kills++;
      else {
        expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
        expect(fingerprint(killed)).toBe(fingerprint(whole));
        finished++;
        remove(killed);
      }
    }
    expect((await run(goOn(options, killed))).code).toBe(0);
    expect(fingerprint(killed)).toBe(fingerprint(whole));
    record('R2', kills, `${method}: ${finished + 1} runs killed so, each to the same hash; 1 and 2 threads in turn`);
  });
});

it('a run that is asked to stop saves, says 75, and goes on to the same bytes', async () => {
  const options = optionsOf('edst');
  const [whole, stopped] = [join(home, 'whole'), join(home, 'stopped')];
  await run([...options, '--out', whole]);
  const stream = rng(SEED).stream('stops');
  let [stops, longest] = [0, 0];
  while (stops < tier(3, 50)) {
    const next = start(goOn(options, stopped));
    await reached(linesOf(stopped) + 1 + stream.below(4), stopped, next).catch(() => {}); // it may end before
    const asked = performance.now();
    next.child.kill((['SIGTERM', 'SIGINT', 'SIGUSR1'] as const)[stops % 3]);
    const { code } = await next.finished;
    if (code === 75) {
      longest = Math.max(longest, performance.now() - asked);
      stops++;
    } else {
      expect(code).toBe(0);
      expect(fingerprint(stopped)).toBe(fingerprint(whole));
      remove(stopped);
    }
  }
  expect((await run(goOn(options, stopped))).code).toBe(0);
  expect(fingerprint(stopped)).toBe(fingerprint(whole));
  record('R3', stops, `SIGTERM, SIGINT, SIGUSR1 in turn; exit code 75, the slowest after ${(longest / 1000).toFixed(1)} s; same hash`);
});
