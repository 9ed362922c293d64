/**
 * R2 with several processes: one that trains and two that compute shards, of which any is killed at any moment, resumed by 1 to 3 of them; and
 * helpers that hang.
 */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { METHODS } from '@freetickets/dst-trainer';
import { rng } from '@freetickets/sparse-core';
import { afterAll, expect, it } from 'vitest';
import { childrenOf, folder, reached, remove, run, start } from '../e2e/command.ts';
import { record, SEED, some, tier } from './tier.ts';
import { fingerprint, goOn } from './victim.ts';

const home = folder();
afterAll(() => remove(home));

/** 12 steps an epoch; a shard of 10 samples where members do not share them. */
const OPTIONS =
  'train --quiet --limit-per-class 40 --image-size 8 --batch-size 30 --rewire-every 5 --tickets 2 --explore-epochs 8 --refine-epochs 4 --checkpoint-every 3 --shards 3 --threads 1 --loader-workers 0'.split(
    ' ',
  );
const OWN: Partial<Record<(typeof METHODS)[number], string>> = {
  dst: '--optimizer adamw --clip-norm 1',
  static: '--average ema:0.9 --network wrn-10-1',
  'mc-dropout': '--base dst --passes 2',
  'batch-ensemble': '--base dst',
  mimo: '--learning-rate 0.02 --batch-repetitions 2',
};
const KILLS_EACH = tier(2, 12);
const MEAN_MS = 700;

it.skipIf(process.platform !== 'linux').each(some(METHODS, 2))('the method %s ends with the same bytes', async (method) => {
  const options = [...OPTIONS, '--method', method, ...(OWN[method]?.split(' ') ?? [])];
  const [whole, killed] = [join(home, `${method}-whole`), join(home, `${method}-killed`)];
  expect(await run([...options, '--out', whole])).toMatchObject({ code: 0, stderr: '' });
  const stream = rng(SEED).stream('parallel kills', method);
  const kills = { trainer: 0, helper: 0 };
  let finished = 0;
  while (kills.trainer + kills.helper < KILLS_EACH || finished === 0) {
    const helpers = stream.below(3);
    const next = start([...goOn(options, killed), '--processes', String(1 + helpers)]);
    let ended = false;
    void next.finished.then(() => {
      ended = true;
    });
    while (!ended && kills.trainer + kills.helper < KILLS_EACH) {
      // The first moments of a process are those of other tests.
      while (!ended && childrenOf(next.child.pid!).length < helpers) await delay(5);
      await Promise.race([delay(-Math.log(1 - stream.uniform()) * MEAN_MS), next.finished]);
      const processes = [next.child.pid!, ...childrenOf(next.child.pid!)];
      const pid = processes[stream.below(processes.length)]!;
      if (!ended && kill(pid)) kills[pid === next.child.pid ? 'trainer' : 'helper']++;
    }
    const { code, stderr } = await next.finished;
    if (code === 'SIGKILL') continue;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(fingerprint(killed)).toBe(fingerprint(whole));
    finished++;
    remove(killed);
  }
  const told = `${method}: ${kills.trainer} times the process that trains, ${kills.helper} times one of two helpers`;
  record('R2 parallel', kills.trainer + kills.helper, `${told}; ${finished} runs ended so, each with the hash of one process`);
});

const HANGS = tier(0, 4);
const hanging = process.platform === 'linux' && HANGS > 0;
const WHY = hanging ? '' : ' (skipped: takes minutes, on Linux; fork-link.test.ts of apps/cli has the short form)';

it.skipIf(!hanging)(`goes on without helpers that are stopped, to the same bytes${WHY}`, async () => {
  const options = [...OPTIONS, '--method', 'edst'];
  const whole = join(home, 'hangs-whole');
  expect(await run([...options, '--out', whole])).toMatchObject({ code: 0, stderr: '' });
  const stream = rng(SEED).stream('hangs');
  for (let i = 0; i < HANGS; i++) {
    const path = join(home, `hangs-${i}`);
    const running = start([...options.filter((option) => option !== '--quiet'), '--processes', '3', '--out', path]);
    await reached(1 + stream.below(20), path, running);
    const helpers = childrenOf(running.child.pid!);
    expect(helpers).toHaveLength(2);
    // One of them, or both, between any two of their instructions.
    for (const helper of helpers.slice(stream.below(2))) process.kill(helper, 'SIGSTOP');
    const { code, stderr } = await running.finished;
    expect(code).toBe(0);
    expect(stderr).toMatch(/note: A helper was lost \(it did not answer for 6\d s\); another takes its place\./);
    expect(fingerprint(path)).toBe(fingerprint(whole));
  }
  record('R2 hangs', HANGS, 'one or two of two helpers stopped: replaced after a minute, the hash of one process');
});

/** False: it had just ended by itself. */
function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false;
  }
}
