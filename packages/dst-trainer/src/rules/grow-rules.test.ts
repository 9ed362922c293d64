import { rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { layerOf } from '../../test/layer.ts';
import { comingOf } from '../rewire-layer.ts';
import { gradient } from './gradient.ts';
import { mix } from './mix.ts';
import { momentum } from './momentum.ts';
import { momentumPerNeuron } from './momentum-per-neuron.ts';
import { randomByCoin } from './random-by-coin.ts';
import { randomUnfired } from './random-unfired.ts';
import type { GrowRule } from './rule.ts';

// Two units of five inputs; 0, 1 and 5 live, 1 has just been dropped.
//       position    0    1    2    3    4    5    6    7    8    9
const mask /*   */ = [1, 1, 0, 0, 0, 1, 0, 0, 0, 0];
const slopes /* */ = [9, 0.1, -0.8, 0.3, 0.2, 9, 0.7, -0.4, 0, 0.5];
const average /**/ = [6, 1, -1, 3, 1, 9, -2, 4, 5, 8]; // means 2.4 and 5.6
const fired /*  */ = [1, 1, 1, 0, 1, 1, 1, 0, 1, 1];
const draws /*  */ = [0.0, 0.9, 0.1, 0.2, 0.8, 0.0, 0.7, 0.3, 0.6, 0.5];
const layer = () => layerOf({ shape: [2, 5], weights: mask, mask, gradient: slopes, average, fired, draws });
const leaving = Uint32Array.of(1);

describe('growth rules bring', () => {
  it.each<[string, GrowRule, number, number[]]>([
    ['gradient: -.8 .7 .5', gradient(), 3, [2, 6, 9]],
    ['momentum: 8 5 4', momentum(), 3, [7, 8, 9]],
    // Parts of 5 by 2.4 : 5.6 are 1.5 and 3.5: a tie of remainders, the earlier unit gets it. 3 and a lower tie in unit 0; 8 5 4 in unit 1.
    ['momentum per neuron', momentumPerNeuron(), 5, [1, 3, 7, 8, 9]],
    // Parts of 7: 2.1 and 4.9; unit 1 has room for 4, so unit 0 gets 3: 3, then the lower ties 1 and 2.
    ['momentum per neuron, no more than fit', momentumPerNeuron(), 7, [1, 2, 3, 6, 7, 8, 9]],
    ['mix: floor(3 / 2) by gradient (2), then the highest draws (1 and 4)', mix(), 3, [1, 2, 4]],
    ['mix, all by gradient', mix({ byGradient: 1 }), 3, [2, 6, 9]],
    ['mix, none by gradient: draws .9 .8 .7', mix({ byGradient: 0 }), 3, [1, 4, 6]],
    ['random-unfired: one of 3 and 7, the higher draw', randomUnfired(), 1, [7]],
    ['random-unfired: 3 and 7, then the highest draw of the others', randomUnfired(), 3, [1, 3, 7]],
  ])('%s', (_, rule, count, expected) => {
    expect([...comingOf(layer(), leaving, count, rule)]).toEqual(expected);
  });

  it('random by coin: each candidate with chance wanted / candidates, so the count varies around it', () => {
    const random = rng(3).stream('coins');
    const table = layerOf({ weights: new Array(40).fill(0), mask: new Array(40).fill(0) });
    const rounds = 2000;
    const hits = new Float64Array(40);
    const counts = new Map<number, number>();
    for (let round = 0; round < rounds; round++) {
      const coming = comingOf({ ...table, random: () => random.uniform() }, new Uint32Array(0), 10, randomByCoin());
      counts.set(coming.length, (counts.get(coming.length) ?? 0) + 1);
      for (const position of coming) hits[position]!++;
    }
    // Binomial(40, 1/4): mean 10, variance 7.5; each position binomial(2000, 1/4), 5 standard deviations.
    const mean = [...counts].reduce((sum, [count, times]) => sum + count * times, 0) / rounds;
    expect(Math.abs(mean - 10)).toBeLessThan(5 * Math.sqrt(7.5 / rounds));
    const variance = [...counts].reduce((sum, [count, times]) => sum + (count - 10) ** 2 * times, 0) / rounds;
    expect(Math.abs(variance - 7.5)).toBeLessThan(5 * 7.5 * Math.sqrt(2 / rounds));
    for (const hit of hits) expect(Math.abs(hit - rounds / 4)).toBeLessThan(5 * Math.sqrt((rounds * 3) / 16));
  });
});

describe('growth rules refuse', () => {
  it.each([
    [momentum(), 'signals.momentum: expected the averaged dense gradient'],
    [momentumPerNeuron(), 'signals.momentum'],
    [mix(), 'signals.gradient'],
    [randomUnfired(), 'signals.fired: expected which positions have lived'],
  ])('$kind without its signal', (rule, message) => {
    expect(() => comingOf(layerOf({ weights: mask, mask }), leaving, 1, rule)).toThrow(message);
  });

  it('mix: a share that is none', () => {
    expect(() => mix({ byGradient: 1.5 })).toThrow('mix: byGradient: expected a share from 0 to 1, received 1.5');
  });
});
