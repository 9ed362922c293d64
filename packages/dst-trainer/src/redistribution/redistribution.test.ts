import { network, type ParamName } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { layerOf } from '../../test/layer.ts';
import { decideRewiring } from '../decide-rewiring.ts';
import { CLEAN } from '../profile.ts';
import { set } from '../rewiring.ts';
import { globalMagnitude } from '../rules/global-magnitude.ts';
import type { RedistributionRule } from '../rules/rule.ts';
import { byMagnitude } from './by-magnitude.ts';
import { byMomentum } from './by-momentum.ts';
import { byNonzeros } from './by-nonzeros.ts';

describe('statistics', () => {
  const layer = layerOf({ weights: [1, -3, 9, 2], mask: [1, 1, 0, 1], momentum: [0.5, -0.5, 9, 2] });
  it.each([
    [byMagnitude(), 2],
    [byMomentum(), 1],
    [byNonzeros(), 3],
  ])('$kind', (rule, value) => expect(rule.statistic(layer)).toBe(value));

  it('are 0 of no live weight', () => {
    const empty = layerOf({ weights: [1, 2], mask: [0, 0] });
    for (const rule of [byMagnitude(), byMomentum(), byNonzeros()]) expect(rule.statistic(empty)).toBe(0);
  });
});

/** Three layers of 20 weights each. */
const net = network({
  version: 1,
  name: 'three',
  input: { shape: [1] },
  nodes: [
    { id: 'a', op: 'linear', from: ['input'], out: 20, bias: false },
    { id: 'b', op: 'linear', from: ['a'], out: 1, bias: false },
    { id: 'c', op: 'linear', from: ['b'], out: 20, bias: false },
  ],
  output: 'c',
});

/** `live` weights in each layer, at its first positions, of value `value` plus a little by position. */
async function redistributed(live: readonly number[], value: readonly number[], rule: RedistributionRule, drop = set().drop) {
  const params = ['a.weight', 'b.weight', 'c.weight'] as const satisfies ParamName[];
  const state = {
    spec: net.spec,
    topology: new Map(
      params.map((param, i) => [param, { shape: net.params.get(param)!.shape, live: Uint32Array.from({ length: live[i]! }, (_, k) => k) }]),
    ),
    values: new Map(params.map((param, i) => [param, Float32Array.from({ length: live[i]! }, () => value[i]!)])),
    step: 1,
  };
  const order = {
    rewiring: set({ redistribute: rule, drop }),
    fraction: 0.5,
    cause: 'interval',
    moment: { seed: 1, step: 1 },
    profile: CLEAN,
  } as const;
  return (await decideRewiring(net, state, order, async () => ({}))).map(({ layer }) => [layer.dropped, layer.liveAfter]);
}

describe('redistribution', () => {
  it('shares out what was dropped by the statistic; the total stays', async () => {
    // 4 + 4 + 4 go; 12 come by 1 : 2 : 3.
    expect(await redistributed([8, 8, 8], [1, 2, 3], byMagnitude())).toEqual([
      [4, 4 + 2],
      [4, 4 + 4],
      [4, 4 + 6],
    ]);
    // 2 + 4 + 6 go; 12 come by 4 : 8 : 12.
    expect(await redistributed([4, 8, 12], [1, 2, 3], byNonzeros())).toEqual([
      [2, 2 + 2],
      [4, 4 + 4],
      [6, 6 + 6],
    ]);
  });

  it('gives no layer more than it has room for', async () => {
    // 8 + 7 + 1 go; of the 16 that come c would get nearly all, and has room for 19; b has room for 13.
    const large = await redistributed([16, 14, 2], [1e-3, 1e-3, 100], byMagnitude());
    expect(large).toEqual([
      [8, 8],
      [7, 7],
      [1, 1 + 16],
    ]);
    // With 18 to give, c is full at 20 and one goes back, equal shares with the remainder to the earlier layer.
    expect(await redistributed([18, 18, 4], [1e-3, 1e-3, 100], byMagnitude())).toEqual([
      [9, 9 + 1],
      [9, 9 + 1],
      [2, 2 + 18],
    ]);
  });

  it('leaves no layer without a weight', async () => {
    expect(await redistributed([1, 10, 10], [0, 1, 1], byMagnitude())).toEqual([
      [1, 1],
      [5, 10],
      [5, 10],
    ]);
  });

  it('lets a nearly dense layer that gets much drop at most its sparsity', async () => {
    // a: 18 of 20 live, sparsity 0.1, and the largest statistic: ceil(0.1 * 18) = 2 go instead of 9.
    const [a] = await redistributed([18, 8, 8], [5, 1, 1], byMagnitude());
    expect(a![0]).toBe(2);
  });

  it('goes with drops over the whole network', async () => {
    // Half of 24 are the eight of a and four of b, at its lower positions.
    expect((await redistributed([8, 8, 8], [1, 2, 3], byNonzeros(), globalMagnitude())).map(([dropped]) => dropped)).toEqual([8, 4, 0]);
  });
});
