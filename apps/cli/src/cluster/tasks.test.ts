import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sweepExperiment } from '../commands/sweep.ts';
import { talk } from '../talk.ts';
import { taskAt, tasksIn } from './tasks.ts';

const home = mkdtempSync(join(tmpdir(), 'freetickets-tasks-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));
const silent = talk({ quiet: true });
const sweep = join(home, 'sweep');
const values = { imageSize: 8, limitPerClass: 10, tickets: 2, engine: 'reference', method: ['edst', 'dense'], seed: [1, 2] };
beforeAll(async () => {
  await sweepExperiment({ path: 'x.json', values }, sweep, silent, { prepare: true });
});

describe('the tasks', () => {
  it('of a sweep are counted through over all members of all runs; EDST has one, which makes all its tickets', async () => {
    expect((await tasksIn(sweep)).map(({ index, run, member }) => [index, run.slice(sweep.length + 1), member])).toEqual([
      [0, 'method=edst,seed=1', 0],
      [1, 'method=edst,seed=2', 0],
      [2, 'method=dense,seed=1', 0],
      [3, 'method=dense,seed=1', 1],
      [4, 'method=dense,seed=2', 0],
      [5, 'method=dense,seed=2', 1],
    ]);
  });

  it('of a run are its members', async () => {
    const run = join(sweep, 'method=dense,seed=2');
    expect(await tasksIn(run)).toEqual([
      { index: 0, run, member: 0 },
      { index: 1, run, member: 1 },
    ]);
  });

  it('have an end', async () => {
    await expect(taskAt(sweep, 6)).rejects.toThrow(`--member: expected a member of ${sweep}, from 0 to 5, received 6`);
  });

  it('are there again when the sweep is prepared again', async () => {
    const before = await tasksIn(sweep);
    await sweepExperiment({ path: 'x.json', values }, sweep, silent, { prepare: true });
    expect(await tasksIn(sweep)).toEqual(before);
  });

  it('of asynchronous halving are none, for its runs depend on each other', async () => {
    const asha = { ...values, seed: 1, method: 'dense', sparsity: [0.1, 0.2, 0.3], sweep: { search: 'asha', trials: 3 } };
    const to = join(home, 'asha');
    await expect(sweepExperiment({ path: 'x.json', values: asha }, to, silent, { prepare: true })).rejects.toThrow(
      '--prepare: expected a grid or a random search, because asha decides by results',
    );
  });
});
