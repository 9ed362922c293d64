/** What a benchmark says: counts by hand, the shape of its document, its options. Times only have to hold together. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { program } from '../program.ts';
import { talk } from '../talk.ts';
import { type BenchOptions, bench, type LayersBench, type RunBench } from './bench.ts';
import { benchText } from './bench-text.ts';

let folder = '';
let small = '';

// 4 x 8 + 8 x 2 = 48 weights; at sparsity 0.5, uniform, 16 + 8 = 24 live. One sample forward: 2 x 24 = 48 operations.
const spec = {
  version: 1,
  name: 'small',
  input: { shape: [4] },
  nodes: [
    { id: 'first', op: 'linear', from: ['input'], out: 8, bias: false },
    { id: 'relu', op: 'relu', from: ['first'] },
    { id: 'second', op: 'linear', from: ['relu'], out: 2, bias: false },
  ],
  output: 'second',
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-'));
  small = join(folder, 'small.json');
  await writeFile(small, JSON.stringify(spec));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function run(workload: BenchOptions['workload'], options: Partial<BenchOptions> = {}) {
  const flags = { network: small, sparsity: '0.5', distribution: 'uniform', batchSize: '3', threads: '1' };
  return bench({ workload, repeats: 4, engine: 'reference', ...options, flags: { ...flags, ...options.flags } }, talk({ quiet: true }));
}

describe('bench step', () => {
  it('counts three forward passes of the live weights for each sample', async () => {
    const result = (await run('step')) as RunBench;
    expect(result).toMatchObject({ network: 'small', engine: 'reference', threads: 1, members: 1, weights: 48, nonzeros: 24 });
    expect(result.flops).toBe(3 * 48 * 3);
  });

  it('gives the least and the middle time of as many runs as were asked for', async () => {
    const { milliseconds, gflops, flops } = (await run('step')) as RunBench;
    expect(milliseconds.repeats).toBe(4);
    expect(milliseconds.minimum).toBeGreaterThan(0);
    expect(milliseconds.median).toBeGreaterThanOrEqual(milliseconds.minimum);
    expect(gflops).toBeCloseTo(flops / (milliseconds.minimum / 1000) / 1e9, 9);
  });

  it('runs at least five times unless told', async () => {
    const options = { workload: 'step', flags: { network: small, batchSize: '1' }, engine: 'reference' } as const;
    const { milliseconds } = (await bench(options, talk({ quiet: true }))) as RunBench;
    expect(milliseconds.repeats).toBeGreaterThanOrEqual(5);
  });

  it.each(['reference', 'wasm/plain'])('runs on %s with one thread', async (engine) => {
    expect(await run('step', { engine, repeats: 1, flags: { threads: '2' } })).toMatchObject({ engine, threads: 1 });
  });

  it('gives the share of the peak of all threads if it knows the peak of one', async () => {
    const { gflops, peakShare } = (await run('step', { peak: 100 })) as RunBench;
    expect(peakShare).toBeCloseTo(gflops / 100, 12);
    expect(await run('step')).not.toHaveProperty('peakShare');
  });

  it('says how much memory was planned and how much the process took', async () => {
    const { memory } = await run('step');
    // values, momentum and gradients of the live weights at the least
    expect(memory.plannedBytes).toBeGreaterThanOrEqual(4 * 3 * 24);
    expect(memory.peakBytes).toBeGreaterThan(memory.plannedBytes);
  });
});

describe('bench infer', () => {
  it('counts one forward pass for each member and sample, and plans memory for each member', async () => {
    const [one, three] = [await run('infer'), await run('infer', { members: 3 })] as [RunBench, RunBench];
    expect(one.flops).toBe(48 * 3);
    expect(three.flops).toBe(3 * 48 * 3);
    expect(three).toMatchObject({ members: 3, nonzeros: 24 });
    expect(three.memory.plannedBytes).toBe(3 * one.memory.plannedBytes);
  });
});

describe('bench layers', () => {
  it('shows every layer and what lies between', async () => {
    const result = (await run('layers', { peak: 7 })) as LayersBench;
    expect(result.layers.map(({ node, weights, live, flops }) => ({ node, weights, live, flops }))).toEqual([
      { node: 'first', weights: 32, live: 16, flops: 2 * 16 * 3 },
      { node: 'second', weights: 16, live: 8, flops: 2 * 8 * 3 },
    ]);
    expect(result.between.map(({ operation }) => operation)).toEqual(expect.arrayContaining(['load', 'loss', 'sgd']));
    expect(result.runs).toBe(5); // one to warm up
    expect(result.peakGflops).toBe(7);
    const text = benchText(result);
    for (const part of ['first', 'second', '0.500', 'between the layers', 'FMA peak of all threads: 7 GFLOP/s'])
      expect(text).toContain(part);
  });
});

describe('the document', () => {
  const COMMON = ['workload', 'network', 'engine', 'threads', 'batchSize', 'sparsity', 'distribution', 'seed', 'memory', 'machine'];

  it('has the keys that docs/performance.md names, and survives JSON', async () => {
    const step = await run('step', { peak: 100 });
    const keys = [...COMMON, 'members', 'weights', 'nonzeros', 'flops', 'milliseconds', 'gflops', 'peakShare'];
    expect(Object.keys(step).sort()).toEqual(keys.sort());
    expect(JSON.parse(JSON.stringify(step))).toEqual(step);
    expect(Object.keys(step.machine).sort()).toEqual(
      ['processor', 'processors', 'instructionSets', 'memoryBytes', 'platform', 'node', 'freetickets'].sort(),
    );
  });

  it('of layers has the profile besides', async () => {
    const keys = [...COMMON, 'runs', 'layers', 'between', 'betweenMs', 'sumMs', 'wholeMs'];
    expect(Object.keys(await run('layers')).sort()).toEqual(keys.sort());
  });
});

describe('the text', () => {
  it('says what ran on what, how fast, and in how much memory', async () => {
    const text = benchText(await run('infer', { members: 2, peak: 10 }));
    expect(text).toMatch(/Node v\d+/);
    expect(text).toContain('small, sparsity 0.5 (uniform), batches of 3');
    expect(text).toMatch(/prediction by 2 members: \S+ ms at best, \S+ ms in the middle of 4 runs/);
    expect(text).toMatch(/24 of 48 weights live; 288 FLOP counted, .* of the FMA peak/);
    expect(text).toMatch(/memory: \S+ MB planned/);
  });
});

describe('wrong options', () => {
  const failure = (...args: string[]) => program(() => new AbortController().signal).parseAsync(['bench', ...args], { from: 'user' });

  it.each([
    [['step', '--members', '3'], '--members: expected 1 with step: members are trained one by one, received 3'],
    [['infer', '--members', '0'], '--members: expected a whole number from 1 to 1000, received "0"'],
    [['step', '--repeats', '0'], '--repeats: expected a whole number of at least 1, received "0"'],
    [['step', '--peak', '-1'], '--peak: expected a number above 0, received "-1"'],
    [['step', '--sparsity', '1'], '--sparsity: expected a number from 0 to below 1, received 1'],
    [['step', '--network', 'wrn-16-x'], '--network: expected one of'],
    [
      ['step', '--engine', 'gpu'],
      '--engine: expected auto, native, native/<instruction set>, wasm, wasm/<variant> or reference, received "gpu"',
    ],
    [['layers', '--engine', 'native/mmx'], 'native engine: expected'],
  ])('%j names the option', async (args, message) => {
    await expect(failure(...args)).rejects.toThrow(message);
  });
});
