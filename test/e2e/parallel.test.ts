/** `train --shards --processes`: the same bytes whatever the number of processes, and whatever becomes of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { childrenOf, eventsOf, folder, reached, remove, run, SMALL, start, temporary, ticketsOf } from './command.ts';

const TRAIN = [
  'train',
  ...SMALL,
  '--network',
  'wrn-10-1',
  '--shards',
  '4',
  '--threads',
  '1',
  '--checkpoint-every',
  '5',
  '--loader-workers',
  '0',
];
const home = folder();
const whole = join(home, 'whole');
beforeAll(async () => {
  expect(await run([...TRAIN, '--quiet', '--out', whole])).toMatchObject({ code: 0, stderr: '' });
});
afterAll(() => remove(home));

/** What has to be the same: tickets, events, and the hash that names the experiment. */
const outcome = (path: string) => ({
  tickets: ticketsOf(path),
  events: eventsOf(path),
  hash: (JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')) as { experimentHash: string }).experimentHash,
});

describe('a run whose batches are computed by several processes', () => {
  it.each([2, 3])('gives the bytes of one process: %i', async (processes) => {
    const path = join(temporary(), 'run');
    expect(await run([...TRAIN, '--quiet', '--processes', String(processes), '--out', path])).toMatchObject({ code: 0, stderr: '' });
    expect(outcome(path)).toEqual(outcome(whole));
  });

  it('is stopped, saves, says 75 and goes on with another number of processes to the same bytes', async () => {
    const path = join(temporary(), 'run');
    const running = start([...TRAIN, '--quiet', '--processes', '3', '--out', path]);
    await reached(2, path, running);
    running.child.kill('SIGTERM');
    expect((await running.finished).code).toBe(75);
    expect((await run(['train', '--quiet', '--resume', path, '--processes', '2'])).code).toBe(0);
    expect(outcome(path)).toEqual(outcome(whole));
  });

  it.skipIf(process.platform !== 'linux')('goes on to the same bytes when helpers are killed, and says so', async () => {
    const path = join(temporary(), 'run');
    const running = start([...TRAIN, '--processes', '3', '--out', path]);
    for (const lines of [2, 3]) {
      await reached(lines, path, running);
      process.kill(childrenOf(running.child.pid!)[0]!, 'SIGKILL');
    }
    const { code, stderr } = await running.finished;
    expect(code).toBe(0);
    expect(stderr).toContain('note: A helper was lost (its process ended with SIGKILL); another takes its place.');
    expect(outcome(path)).toEqual(outcome(whole));
  });

  it.skipIf(process.platform !== 'linux')('leaves no process behind when it is killed itself, and can go on', async () => {
    const path = join(temporary(), 'run');
    const running = start([...TRAIN, '--quiet', '--processes', '3', '--out', path]);
    await reached(2, path, running);
    const helpers = childrenOf(running.child.pid!);
    expect(helpers).toHaveLength(2);
    await running.kill('SIGKILL');
    for (const pid of helpers) await expect.poll(() => isAlive(pid), { timeout: 60_000 }).toBe(false);
    expect((await run(['train', '--quiet', '--resume', path, '--processes', '1'])).code).toBe(0);
    expect(outcome(path)).toEqual(outcome(whole));
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
