import { describe, expect, it } from 'vitest';
import { distributionFromScores, graspScores, magnitudeScores, snipScores, topologyFromScores } from './distribution-scores.ts';
import { network } from './network.ts';
import type { ParamName } from './spec.ts';

const net = network({
  version: 1,
  name: 'two',
  input: { shape: [2] },
  nodes: [
    { id: 'a', op: 'linear', from: ['input'], out: 3, bias: false },
    { id: 'b', op: 'linear', from: ['a'], out: 2, bias: false },
  ],
  output: 'b',
}); // a.weight (3, 2), b.weight (2, 3): 12 weights

const arrays = (a: number[], b: number[]): Map<ParamName, Float32Array> =>
  new Map([
    ['a.weight', Float32Array.from(a)],
    ['b.weight', Float32Array.from(b)],
  ]);

const live = (topology: ReturnType<typeof topologyFromScores>) => [...topology].map(([param, layer]) => [param, [...layer.live]]);

describe('scores', () => {
  const values = arrays([1, -2, 0, 3, 0.5, -0.5], [1, 1, -1, 2, 0, 4]);
  const others = arrays([3, 1, 9, -1, 4, 4], [0.5, -0.5, 2, 0, 7, 1]);

  it('are |w|, |w g| and w (H g)', () => {
    expect([...magnitudeScores(values).get('a.weight')!]).toEqual([1, 2, 0, 3, 0.5, 0.5]);
    expect([...snipScores(values, others).get('a.weight')!]).toEqual([3, 2, 0, 3, 2, 2]);
    expect([...graspScores(values, others).get('a.weight')!]).toEqual([3, -2, 0, -3, 2, -2]);
  });

  it('need as many numbers on both sides', () => {
    expect(() => snipScores(values, new Map())).toThrow('a.weight: expected 6 numbers, received "none"');
  });
});

describe('the best of the network', () => {
  //                     0  1  2  3  4  5    0  1  2  3  4  5
  const scores = arrays([9, 1, 8, 1, 7, 1], [6, 1, 5, 1, 1, 1]);

  it('live, whatever their layer', () => {
    // Density 0.25: 3 of 12, all in a. Density 5 / 12: 9 8 7 6 5.
    expect([...distributionFromScores(scores)(net, 0.75)]).toEqual([
      ['a.weight', 3],
      ['b.weight', 0],
    ]);
    expect(live(topologyFromScores(net, scores, 1 - 5 / 12))).toEqual([
      ['a.weight', [0, 2, 4]],
      ['b.weight', [0, 2]],
    ]);
  });

  it('among equals the earlier layer, then the lower position', () => {
    // 7 of 12: the five above and two of the seven ones.
    expect(live(topologyFromScores(net, scores, 5 / 12))).toEqual([
      ['a.weight', [0, 1, 2, 3, 4]],
      ['b.weight', [0, 2]],
    ]);
  });

  it('leave whole layers dense', () => {
    const high = arrays([9, 9, 9, 9, 9, 9], [1, 2, 3, 4, 5, 6]);
    expect(live(topologyFromScores(net, high, 1 / 3))).toEqual([['b.weight', [4, 5]]]);
    expect([...distributionFromScores(high)(net, 1 / 3).values()]).toEqual([6, 2]);
    expect(topologyFromScores(net, high, 0).size).toBe(0);
  });

  it('add up to round((1 - sparsity) * size)', () => {
    for (let percent = 0; percent < 100; percent += 9) {
      const total = [...distributionFromScores(scores)(net, percent / 100).values()].reduce((a, b) => a + b);
      expect(total).toBe(Math.round(((100 - percent) * 12) / 100));
    }
  });

  it('refuse scores that are missing or no numbers', () => {
    expect(() => distributionFromScores(new Map())(net, 0.5)).toThrow('scores of a.weight: expected 6 numbers, received "none"');
    const bad = arrays([1, 1, 1, 1, 1, 1], [1, Number.NaN, 1, 1, 1, 1]);
    expect(() => distributionFromScores(bad)(net, 0.5)).toThrow('scores of b.weight[1]: expected a number, received NaN');
  });
});
