import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ModelState } from '@freetickets/sparse-core';
import { describe, expect, it, onTestFinished } from 'vitest';
import { outputsFrom } from '../../test/outputs.ts';
import { explorationIn, fullDiversity, plainDiversity } from './diversity.ts';

/** Two inputs, two outputs, four weights, of which those at `live` live. */
const ticket = (live: readonly number[] | undefined, values: readonly number[]): ModelState => ({
  spec: {
    version: 1,
    name: 'small',
    input: { shape: [2] },
    nodes: [{ id: 'fc', op: 'linear', from: ['input'], out: 2, bias: false }],
    output: 'fc',
  },
  topology: new Map(
    live ? [['fc.weight', { param: 'fc.weight', shape: [2, 2], live: Uint32Array.from(live) }]] : [],
  ) as ModelState['topology'],
  values: new Map([['fc.weight', Float32Array.from(values)]]) as ModelState['values'],
  step: 0,
});

// Labels 0 0 1 1. Member 0 names 0 0 1 0 (right 1 1 1 0), member 1 names 0 1 1 1 (right 1 0 1 1).
const outputs = outputsFrom(
  [
    [1, 0, 1, 0, 0, 1, 1, 0],
    [1, 0, 0, 1, 0, 1, 0, 1],
  ],
  [0, 0, 1, 1],
  2,
);

const none = { resamples: 0, seed: 0 };
const rates = [
  { step: 10, rate: 0.125 },
  { step: 20, rate: 0.25 },
];

describe('diversity', () => {
  it('is what counting by hand gives', () => {
    const { pairs, ...means } = fullDiversity(outputs, [ticket([0, 1], [1, 2]), ticket([1, 2], [2, 5])], [rates], none);
    expect(means.disagreement).toBe(0.5); // the second and the fourth sample
    // Both right 2, one alone 1 and 1, both wrong 0: Q = (2 * 0 - 1 * 1) / (2 * 0 + 1 * 1)
    expect(means.qStatistic).toBe(-1);
    // Agreement 1/2; by chance member 0 names class 0 in 3 of 4, member 1 in 1 of 4: 3/4 * 1/4 + 1/4 * 3/4 = 3/8; (1/2 - 3/8) / (5/8)
    expect(means.kappa).toBeCloseTo(0.2, 12);
    expect(means.topologyOverlap).toBeCloseTo(1 / 3, 12); // position 1 of 0, 1, 2
    expect(means.weightCosine).toBeCloseTo(4 / (Math.sqrt(5) * Math.sqrt(29)), 12); // (1, 2, 0, 0) and (0, 2, 5, 0)
    expect([means.exploration, means.explorationOverTime]).toEqual([[0.25], [rates]]);
    expect(pairs!.disagreement).toEqual([
      [0, 0.5],
      [0.5, 0],
    ]);
    // Where the members differ: p = sigmoid(1) against its complement, so KL = (2p - 1) ln(p / (1 - p)) = 2p - 1, in half of the samples
    const p = 1 / (1 + Math.exp(-1));
    expect(means.kl).toBeCloseTo((2 * p - 1) / 2, 6);
    expect(plainDiversity(outputs, none)).toEqual({ disagreement: 0.5, kl: means.kl });
  });

  it('of dense members, or of one that is dense in a layer, has no overlap; of a single member it has nothing', () => {
    const dense = ticket(undefined, [1, 2, 3, 4]);
    expect(fullDiversity(outputs, [dense, dense], [], none).topologyOverlap).toBeNull();
    expect(fullDiversity(outputs, [dense, ticket([0], [1])], [], none).topologyOverlap).toBeNull();
    const alone = fullDiversity(outputsFrom([[1, 0]], [0], 2), [dense], [], { resamples: 5, seed: 1 });
    expect(alone).toMatchObject({ disagreement: null, kl: null, js: null, qStatistic: null, weightCosine: null });
    expect(alone).not.toHaveProperty('exploration');
    expect(alone).not.toHaveProperty('intervals');
  });

  it('has intervals over pictures, of topologies and weights none', () => {
    const once = { resamples: 30, seed: 1 };
    const { intervals } = fullDiversity(outputs, [ticket([0, 1], [1, 2]), ticket([1, 2], [2, 5])], [], once);
    expect(Object.keys(intervals!)).toEqual(['disagreement', 'kl', 'js', 'qStatistic', 'kappa']);
    const { low, high } = intervals!.disagreement!;
    expect([low! <= 0.5, high! >= 0.5]).toEqual([true, true]);
    const { disagreement, kl } = intervals!;
    expect(plainDiversity(outputs, once).intervals).toEqual({ disagreement, kl });
  });
});

describe('explorationIn', () => {
  it('is the rates of each training, as far as the log is whole', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'freetickets-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const log = join(folder, 'events.jsonl');
    const rewired = (member: number, step: number, exploration: number) => JSON.stringify({ member, type: 'rewired', step, exploration });
    const lines = [rewired(0, 5, 0.1), '{"member":0,"type":"epoch"}', rewired(0, 10, 0.2), rewired(1, 5, 0.3), '{"member":1,"ty'];
    writeFileSync(log, lines.join('\n'));
    expect(await explorationIn(log)).toEqual([
      [
        { step: 5, rate: 0.1 },
        { step: 10, rate: 0.2 },
      ],
      [{ step: 5, rate: 0.3 }],
    ]);
    expect(await explorationIn(join(folder, 'none'))).toEqual([]);
  });
});
