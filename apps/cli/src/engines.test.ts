import { availableParallelism } from 'node:os';
import { describe, expect, it } from 'vitest';
import { computingFor } from './engines.ts';

describe('computingFor', () => {
  it('leaves the number of threads to the engine unless told', () => {
    const { engine, ...rest } = computingFor({ engine: 'reference', threads: undefined }, () => {});
    expect(engine.name).toBe('reference');
    expect(rest).toEqual({});
  });

  it('uses no more threads than there are processors, and says so', () => {
    const said: string[] = [];
    const most = availableParallelism();
    expect(computingFor({ engine: 'reference', threads: most }, (line) => said.push(line)).threads).toBe(most);
    expect(said).toEqual([]);
    expect(computingFor({ engine: 'reference', threads: most + 1 }, (line) => said.push(line)).threads).toBe(most);
    expect(said).toEqual([`note: ${most + 1} threads were asked for and this process may use ${most}.`]);
  });
});
