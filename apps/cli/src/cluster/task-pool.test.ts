import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Place, type PoolOptions, runTasks } from './task-pool.ts';
import type { Task } from './tasks.ts';

const tasks = (count: number): Task[] => Array.from({ length: count }, (_, index) => ({ index, run: 'x', member: index }));

/** A place whose tasks are shell scripts; `$1` is the task. */
const place = (script: string, name = 'here'): Place => ({
  name,
  command: ({ index }) => ['sh', '-c', script, 'sh', String(index)],
  stopSignal: 'SIGUSR1',
});

function pool(options: Partial<PoolOptions> = {}): PoolOptions & { readonly said: string[] } {
  const said: string[] = [];
  return { retries: 2, signal: new AbortController().signal, pauseMs: 1, ...options, say: (line) => said.push(line), said };
}

describe('runTasks', () => {
  it('leaves what says 42, and trains the others', async () => {
    const ends = await runTasks(tasks(3), [place('[ "$1" != 1 ] || exit 42')], pool());
    expect([...ends]).toEqual([
      [0, 'finished'],
      [1, 'failed'],
      [2, 'finished'],
    ]);
  });

  it('tries what was killed so many times more, after the others', async () => {
    const options = pool();
    const ends = await runTasks(tasks(2), [place('[ "$1" = 1 ] || kill -9 $$')], options);
    expect([...ends.values()]).toEqual(['failed', 'finished']);
    expect(options.said).toEqual([
      'member 0 of x on here: ended with SIGKILL',
      'member 1 of x on here: finished',
      'member 0 of x on here: ended with SIGKILL',
      'member 0 of x on here: ended with SIGKILL',
    ]);
  });

  it('does not count what was saved', async () => {
    let tries = 0;
    const saving: Place = { ...place(''), command: () => ['sh', '-c', `exit ${++tries < 5 ? 75 : 0}`] };
    expect([...(await runTasks(tasks(1), [saving], pool({ retries: 0 }))).values()]).toEqual(['finished']);
    expect(tries).toBe(5);
  });

  it('gives nothing more to a place that cannot be reached, and its task to another', async () => {
    const options = pool();
    const ends = await runTasks(tasks(3), [place('exit 255', 'away'), place('true')], options);
    expect(new Set(ends.values())).toEqual(new Set(['finished']));
    expect(options.said.filter((line) => line.includes('away'))).toEqual([
      'member 0 of x on away: ended with 255',
      'away gets no more tasks',
    ]);
    expect([...(await runTasks(tasks(1), [place('exit 255')], pool())).values()]).toEqual(['stopped']);
  });

  it('when it is stopped asks what runs to save, and begins nothing more', async () => {
    const stop = new AbortController();
    const ready = join(mkdtempSync(join(tmpdir(), 'freetickets-pool-')), 'ready');
    onTestFinished(() => rmSync(dirname(ready), { recursive: true }));
    const waiting = place(`trap 'exit 75' USR1; : >${ready}; while :; do sleep 0.05; done`);
    const options = pool({ signal: stop.signal });
    const ends = runTasks(tasks(2), [waiting], options);
    await expect.poll(() => existsSync(ready)).toBe(true);
    stop.abort();
    expect([...(await ends).values()]).toEqual(['stopped', 'stopped']);
    expect(options.said).toEqual([expect.stringMatching(/member 0 of x on here: ended with 75$/)]);
  });
});
