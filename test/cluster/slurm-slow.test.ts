/** D2, D3 where Slurm itself takes minutes: nodes that it gives up, and real limits of time. Only at night. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { folder, remove } from '../e2e/command.ts';
import { record, tier } from '../reliability/tier.ts';
import { assembled, members, prepare, processOf, serially, statesOf, submitTo, trained } from './ensemble.ts';
import { NO_SLURM, Slurm, slurmWorks, until } from './slurm.ts';

const possible = slurmWorks && tier(0, 1) === 1;
const WHY = slurmWorks ? '(skipped: takes minutes; see tooling/reliability)' : NO_SLURM;
const title = (text: string) => (possible ? text : `${text} ${WHY}`);
const TIMES = 2;

/** Of one member, longer than Slurm takes to give a node up, on a machine of any speed. */
const SECONDS = 200;
let long: readonly string[] = [];
const home = folder();
let slurm: Slurm;
let expected = '';
beforeAll(async () => {
  if (!possible) return;
  slurm = await Slurm.start({ patience: 15 });
  const begin = Date.now();
  await serially(members(1, 500, 24), join(home, 'measured'));
  const seconds = (Date.now() - begin) / 1000;
  long = members(1, Math.ceil((500 * SECONDS) / seconds), 24);
  expected = await serially(long, join(home, 'whole'));
}, 1_200_000);
afterAll(async () => {
  await slurm?.[Symbol.asyncDispose]();
  remove(home);
});

/** The process above another one. */
const parentOf = (id: number): number => Number(readFileSync(`/proc/${id}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[1]);

const isAlive = (id: number): boolean => {
  try {
    return process.kill(id, 0);
  } catch {
    return false;
  }
};

describe.skipIf(!possible)(title('an array of Slurm'), () => {
  it('whose node is given up while the task runs on goes on when it is back, and one of the two writes (D2)', async () => {
    let twins = 0;
    for (let i = 0; i < TIMES; i++) {
      const path = join(home, `node-${i}`);
      await prepare(long, path);
      const job = await submitTo(slurm, path);
      await trained(path, 0, 3);
      const first = processOf(path, 0)!;
      await slurm.killDaemon('slurmd');
      await until('the task is requeued', 180, () => slurm.field(`${job}_0`, 'JobState') === 'PENDING');
      if (isAlive(first)) twins++;
      await slurm.startDaemon('slurmd');
      await slurm.release(`${job}_0`);
      await slurm.over(job, 600);
      expect(await statesOf(path)).toEqual(['finished']);
      expect(await assembled(path)).toBe(expected);
    }
    record('D2', TIMES, `slurmd killed until its node was given up; ${twins} times the old task still ran; the same hash`);
  });

  it('whose slurmstepd is killed leaves the task without a keeper; requeued beside it, one of the two writes (D2)', async () => {
    let twins = 0;
    for (let i = 0; i < TIMES; i++) {
      const path = join(home, `keeper-${i}`);
      await prepare(long, path);
      const job = await submitTo(slurm, path);
      await trained(path, 0, 3);
      const first = processOf(path, 0)!;
      process.kill(parentOf(parentOf(first)), 'SIGKILL');
      await until('the task is requeued', 400, () => slurm.isOver(job) || slurm.field(`${job}_0`, 'JobState') === 'PENDING');
      if (isAlive(first)) twins++;
      if (!slurm.isOver(job)) await slurm.release(`${job}_0`);
      while (!slurm.isOver(job)) {
        await until('the task has run', 600, () => slurm.isOver(job) || slurm.field(`${job}_0`, 'Reason') === 'BeginTime');
        if (!slurm.isOver(job)) await slurm.release(`${job}_0`); // 75: the first one still trains
      }
      await until('the first one has ended', 600, () => !isAlive(first));
      expect(await statesOf(path)).toEqual(['finished']);
      expect(await assembled(path)).toBe(expected);
    }
    record('D2', TIMES, `slurmstepd killed; ${twins} times the old task still ran when it was requeued; the same hash`);
  });

  it('with a limit of a minute saves before it, is requeued and goes on to the end (D3)', async () => {
    for (let i = 0; i < TIMES; i++) {
      const path = join(home, `limit-${i}`);
      await prepare(long, path);
      const job = await submitTo(slurm, path, '--time', '1', '--sbatch=--signal=B:USR1@30');
      let requeues = 0;
      while (!slurm.isOver(job)) {
        await until('the limit is near', 300, () => slurm.isOver(job) || slurm.field(`${job}_0`, 'Reason') === 'BeginTime');
        if (slurm.isOver(job)) break;
        await slurm.release(`${job}_0`);
        requeues++;
      }
      expect(requeues).toBeGreaterThanOrEqual(3);
      expect(await assembled(path)).toBe(expected);
      record('D3', 1, `a limit of one minute, USR1 30 s before; ${requeues} requeues, the same hash`);
    }
  });
});
