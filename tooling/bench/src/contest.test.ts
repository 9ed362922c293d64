/** Turns, sums and failures, with small processes that answer as the peers do. */
import { describe, expect, it } from 'vitest';
import { contest, type Entrant } from './contest.ts';
import { Side, Sides } from './side.ts';

/** A side that says what is done to it, and whose runs take the times that its task lists, one after another. */
const PROGRAM = `
const tasks = new Map();
const answer = (document) => console.log(JSON.stringify(document));
answer({ ok: { counting: '1.2' } });
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { call, name, task, leastMs } = JSON.parse(line);
  if (call === 'prepare' && task.refuse) return answer({ error: task.refuse });
  if (call === 'prepare') tasks.set(name, [...task.times]);
  if (call === 'run' && tasks.get(name)[0] === 'die') { console.error('last words'); process.exit(3); }
  answer({ ok: call === 'run' ? { step: [tasks.get(name).shift()], turn: [leastMs] } : null });
});`;
const side = { name: 'counting', command: process.execPath, args: ['-e', PROGRAM] };
const entrant = (name: string, task: object, ours = false): Entrant => ({ name, side, task, ours });

async function hold(entrants: readonly Entrant[], rounds: number) {
  await using sides = new Sides();
  return await contest(entrants, sides, { rounds, leastMs: 7 });
}

describe('contest', () => {
  it('gives everybody one turn that does not count, then as many as there are rounds', async () => {
    const [a, b] = await hold([entrant('a', { times: [99, 3, 1, 2] }, true), entrant('b', { times: [1, 8, 6, 7] })], 3);
    expect(a).toMatchObject({ name: 'a', ours: true, versions: { counting: '1.2' }, times: { step: { minimum: 1, median: 2, runs: 3 } } });
    expect(b).toMatchObject({ name: 'b', ours: false, times: { step: { minimum: 6, median: 7, runs: 3 } } });
    expect(a!.times.turn).toEqual({ minimum: 7, median: 7, runs: 3 }); // the length of a turn that counts
  });

  it('goes on without one that refuses, and keeps its reason', async () => {
    const [a, b] = await hold([entrant('a', { refuse: 'no such layer' }), entrant('b', { times: [5, 4] })], 1);
    expect(a).toMatchObject({ failed: 'no such layer', times: {} });
    expect(b!.times.step!.minimum).toBe(4);
  });

  it('goes on without one that ends, and keeps its last words', async () => {
    const other = { ...side, name: 'another process' };
    const [a, b] = await hold([entrant('a', { times: ['die'] }), { ...entrant('b', { times: [5, 4] }), side: other }], 1);
    expect(a!.failed).toBe('ended with 3: last words');
    expect(b!.times.step!.minimum).toBe(4);
  });

  it('says so where there is no such program', async () => {
    const missing = { name: 'missing', command: '/no/such/python', args: [] };
    const [a] = await hold([{ name: 'a', side: missing, task: {} }], 1);
    expect(a!.failed).toMatch(/ENOENT/);
  });
});

describe('Side', () => {
  it('ends its process when it is closed', async () => {
    const one = new Side(side);
    await one.prepare('a', { times: [1] });
    await one[Symbol.asyncDispose]();
    expect(await one.run('a', 0)).toEqual({ error: expect.stringContaining('ended with 0') });
  });

  it.runIf(process.platform === 'linux')('knows the most memory of its process', async () => {
    await using one = new Side(side);
    await one.prepare('a', { times: [1] });
    expect(one.peakBytes()).toBeGreaterThan(10e6); // Node alone takes more
  });
});
