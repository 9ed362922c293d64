/** D1 to D5: an ensemble as an array of a real Slurm, whose tasks, node and controller are killed, ends as it does in one process. */
import { readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contents, folder, json, linesOf, remove, run, start } from '../e2e/command.ts';
import { record, tier } from '../reliability/tier.ts';
import { assembled, held, memberPath, members, prepare, processOf, serially, statesOf, submitTo } from './ensemble.ts';
import { NO_SLURM, Slurm, slurmWorks, until } from './slurm.ts';

const home = folder();
let slurm: Slurm;
beforeAll(async () => {
  if (slurmWorks) slurm = await Slurm.start();
});
afterAll(async () => {
  await slurm?.[Symbol.asyncDispose]();
  remove(home);
});
const title = (text: string) => (slurmWorks ? text : `${text} ${NO_SLURM}`);

const submit = (path: string, ...options: readonly string[]) => submitTo(slurm, path, ...options);

const LONG = members(2, 60);
let expected = '';
const longHash = async () => (expected ||= await serially(LONG, join(home, 'long')));

describe.skipIf(!slurmWorks)(title('an array of Slurm'), () => {
  it('of 8 members, two at a time, makes the run that one process makes (D1)', async () => {
    const options = members(8);
    const whole = await serially(options, join(home, 'whole'));
    for (let i = 0; i < tier(1, 3); i++) {
      const path = join(home, `it's ${i} of $x, 100 %`);
      await prepare(options, path);
      expect(await statesOf(path)).toEqual(Array(8).fill('waiting'));
      await slurm.over(await submit(path, '--parallel', '2'));
      expect(await statesOf(path)).toEqual(Array(8).fill('finished'));
      expect(await assembled(path)).toBe(whole);
      expect(await json('submit', path, '--engine', 'slurm')).toMatchObject({ tasks: 0 });
    }
    record('D1', tier(1, 3), '8 members, two at a time, against one process: the same hash');
  });

  it('whose task is killed goes on with it (D2)', async () => {
    for (let i = 0; i < tier(1, 10); i++) {
      const path = join(home, `task-${i}`);
      await prepare(LONG, path);
      const job = await submit(path);
      process.kill((await held(path, 1, 3 + i)).process, 'SIGKILL');
      await slurm.release(`${job}_1`);
      await slurm.over(job);
      expect(readFileSync(join(path, 'submit', `${job}_1.failures`), 'utf8')).toBe('137\n');
      expect(await assembled(path)).toBe(await longHash());
    }
    record('D2', tier(1, 10), 'a task killed: back in the queue, resumed, the same hash');
  });

  it.each([
    ['controller', ['slurmctld']],
    ['node', ['slurmd']],
    ['controller and its node', ['slurmctld', 'slurmd']],
  ] as const)('whose %s is killed and comes back goes on (D2)', async (name, daemons) => {
    for (let i = 0; i < tier(1, 10); i++) {
      const path = join(home, `${name} ${i}`);
      await prepare(LONG, path);
      const job = await submit(path);
      const task = await held(path, 0, 3 + i); // so that it is not over before the controller has written down that it began
      await slurm.saved(`${job}_0`); // the other one may be over
      for (const daemon of daemons) await slurm.killDaemon(daemon);
      task.goOn();
      // At night it ends every other time while nobody is there to be told.
      if (i % 2 === 1) await until('the task has ended', 240, () => processOf(path, 0) === undefined);
      for (const daemon of daemons) await slurm.startDaemon(daemon);
      await slurm.over(job);
      expect(await statesOf(path)).toEqual(['finished', 'finished']);
      expect(await assembled(path)).toBe(await longHash());
    }
    record('D2', tier(1, 10), `${name} killed and started again: the same hash`);
  });

  it('that is told by USR1 that its time is up saves, is requeued and goes on (D3)', async () => {
    const path = join(home, 'told');
    const times = tier(1, 3);
    await prepare(LONG, path);
    const job = await submit(path);
    for (let i = 0; i < times; i++) {
      const before = linesOf(memberPath(path, 0));
      await until('it runs', 120, () => slurm.field(`${job}_0`, 'JobState') === 'RUNNING');
      const task = await held(path, 0, before + 4);
      slurm.call('scancel', '--batch', '--signal=USR1', `${job}_0`);
      await task.signalled();
      task.goOn();
      await slurm.release(`${job}_0`);
    }
    await slurm.over(job);
    expect(readFileSync(join(path, 'submit', `${job}_0.log`), 'utf8').match(/ended with 75 and goes back/g)).toHaveLength(times);
    expect(await assembled(path)).toBe(await longHash());
    record('D3', times, 'USR1 to the batch shell: saved, 75, requeued, the same hash');
  });

  it('of which one task fails for good trains the others; a run without it can be made, and the whole one later (D5)', async () => {
    const options = members(4);
    const whole = await serially(options, join(home, 'four'));
    for (let i = 0; i < tier(1, 10); i++) {
      const path = join(home, `d5-${i}`);
      await prepare(options, path);
      const damaged = join(memberPath(path, 2), 'checkpoints');
      expect((await run(['train-member', '--run', path, '--member', '2', '--quiet'])).code).toBe(0);
      rmSync(join(memberPath(path, 2), 'member.json'));
      for (const name of readdirSync(damaged)) writeFileSync(join(damaged, name), 'no checkpoint');
      const job = await submit(path);
      await until('the task has failed', 120, () => slurm.isOver(job) || slurm.field(`${job}_2`, 'JobState') === 'FAILED');
      await slurm.over(job);
      expect(slurm.field(`${job}_2`, 'ExitCode')).toMatch(/^(42:0)?$/);
      expect(await statesOf(path)).toEqual(['finished', 'finished', 'failed', 'finished']);
      expect(await run(['assemble', path])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/expected 4 finished members, received 3; member 2: /),
      });
      const partial = await run(['assemble', path, '--allow-missing', '--json']);
      expect([partial.code, JSON.parse(partial.stdout)]).toMatchObject([
        0,
        { runs: [{ finished: false, members: [0, 1, 3], tickets: 3 }] },
      ]);
      expect(partial.stderr).toMatch(/^warning: .* goes without 1 of its 4 members: member 2: /);
      expect(await json('evaluate', path, '--quiet')).toMatchObject({ members: { length: 3 } });
      rmSync(damaged, { recursive: true });
      await slurm.over(await submit(path));
      expect(await assembled(path)).toBe(whole);
    }
    record('D5', tier(1, 10), 'one member of four fails for good: the others finish, assembled without it, then with it to the same hash');
  });

  it('whose task is cancelled is not requeued, and is submitted again (D5)', async () => {
    const path = join(home, 'cancelled');
    await prepare(LONG, path);
    const job = await submit(path);
    const task = await held(path, 0, 3);
    slurm.call('scancel', `${job}_0`);
    await task.signalled();
    task.goOn();
    await slurm.over(job);
    expect(await statesOf(path)).toEqual(['stopped', 'finished']);
    await slurm.over(await submit(path));
    expect(await assembled(path)).toBe(await longHash());
    record('D5', 1, 'a task cancelled: stopped, submitted again, the same hash');
  });
});

describe('two processes on one member', () => {
  it('of which the first slept through its lease: the second trains, the first is refused and says 75 (D4)', async () => {
    const options = members(2, 20);
    const whole = await serially(options, join(home, 'twins'));
    for (let i = 0; i < tier(1, 20); i++) {
      const path = join(home, `d4-${i}`);
      await prepare(options, path);
      const task = ['train-member', '--run', path, '--quiet'];
      const sleeper = start(task, { SLURM_ARRAY_TASK_ID: '1' });
      const { goOn } = await held(path, 1, 2 + i);
      const own = memberPath(path, 1);
      for (const name of readdirSync(own)) if (name.startsWith('lease-')) utimesSync(join(own, name), 0, 0);
      expect((await run(task, { JOB_COMPLETION_INDEX: '1' })).code).toBe(0);
      const finished = contents(own);
      goOn();
      const { code, stderr } = await sleeper.finished;
      if (code !== 0) expect([code, stderr]).toEqual([75, expect.stringContaining('one that another process took over')]);
      expect(contents(own)).toEqual(finished);
      expect((await run([...task, '--member', '0'])).code).toBe(0);
      expect(await assembled(path)).toBe(whole);
    }
    record('D4', tier(1, 20), 'stopped for longer than its lease while another finished: refused with 75, nothing changed by it');
  });

  it('at the same time: one trains, the other says 75, or 0 where it finds the member finished', async () => {
    const path = join(home, 'at-once');
    await prepare(members(1, 20), path);
    const task = ['train-member', '--run', path, '--member', '0', '--quiet'];
    const codes = (await Promise.all([run(task), run(task)])).map(({ code }) => code);
    expect(codes).toContain(0);
    expect([0, 75]).toEqual(expect.arrayContaining(codes));
    expect((await run(task)).stdout).toBe(`member 0 of ${path}: finished before\n`);
  });
});
