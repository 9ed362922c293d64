import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { computingFor, tellNotes } from './engines.ts';

describe('computingFor', () => {
  it.each([
    ['reference', /^reference$/],
    ['wasm', /^wasm\/(relaxed|plain)$/],
    ['tfjs/wasm', /^tfjs\/wasm$/],
    ['tfjs/cpu', /^tfjs\/cpu$/],
  ] as const)('%s is what it says', async (engine, name) => {
    expect((await computingFor({ engine, threads: undefined })).engine.name).toMatch(name);
  });

  it('leaves the number of threads to the engine unless told', async () => {
    const { engine, ...rest } = await computingFor({ engine: 'reference', threads: undefined });
    expect(engine.name).toBe('reference');
    expect(rest).toEqual({});
  });

  it('uses no more threads than there are processors, and says so once, before it computes', async () => {
    const said: string[] = [];
    const most = availableParallelism();
    const threadsFor = async (threads: number) => (await computingFor({ engine: 'reference', threads })).threads;
    const say = (line: string) => said.push(line);
    expect(await threadsFor(most)).toBe(most);
    tellNotes(say);
    expect(said).toEqual([]);
    expect(await threadsFor(most + 1)).toBe(most);
    expect(said).toEqual([]); // nothing is computed yet
    tellNotes(say);
    await threadsFor(most + 1);
    tellNotes(say);
    expect(said).toEqual([`note: ${most + 1} threads were asked for and this process may use ${most}.`]);
  });
});
