import type { OptimizerSpec } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { crossEntropy } from './cross-entropy.ts';
import { type Optimized, optimize } from './optimize.ts';

const parameter = (kind: Optimized['kind'], values: number[], mask = values.map(() => 1)): Optimized => ({
  kind,
  values: Float32Array.from(values),
  momentum: new Float32Array(values.length),
  secondMoments: new Float32Array(values.length),
  gradient: new Float32Array(values.length),
  mask: Uint8Array.from(mask),
});

/** Three steps from weights 0.5, -1, 2 and bias 0.1. */
const SLOPES = [
  [0.1, -0.2, 0.3, 0.05],
  [-0.3, 0.1, 0.2, -0.4],
  [0.05, 0.4, -0.1, 0.2],
];

describe('three steps of the test engine agree with PyTorch', () => {
  it.each<[string, OptimizerSpec, number, number[]]>([
    ['sgd', { kind: 'sgd', momentum: 0.9, weightDecay: 0.01 }, 0.1, [0.5221054, -0.9992608, 1.8796236, 0.1418685]],
    ['nesterov', { kind: 'sgd', momentum: 0.9, weightDecay: 0.01, nesterov: true }, 0.1, [0.5333871, -1.0264546, 1.8459407, 0.1523085]],
    ['adamw', { kind: 'adamw', beta1: 0.8, beta2: 0.95, weightDecay: 0.1 }, 0.01, [0.4967268, -0.990274, 1.9695478, 0.0980263]],
    ['adamw, its defaults', { kind: 'adamw', weightDecay: 0.01 }, 0.01, [0.4975684, -0.9916122, 1.9741806, 0.0982217]],
    ['clipped', { kind: 'sgd', momentum: 0.9, weightDecay: 0, clipNorm: 0.3 }, 0.1, [0.5064293, -0.9933646, 1.921084, 0.1178426]],
    ['decay of weights', { kind: 'sgd', momentum: 0, weightDecay: 0.5, decays: ['weight'] }, 0.1, [0.4431625, -0.888825, 1.678675, 0.115]],
  ])('%s', (_, optimizer, rate, expected) => {
    const [weight, bias] = [parameter('weight', [0.5, -1, 2]), parameter('bias', [0.1])];
    for (const [i, slopes] of SLOPES.entries()) {
      weight.gradient.set(slopes.slice(0, 3));
      bias.gradient.set(slopes.slice(3));
      optimize([weight, bias], optimizer, rate, i + 1);
    }
    for (const [i, value] of [...weight.values, ...bias.values].entries()) expect(value).toBeCloseTo(expected[i]!, 6);
  });

  it('a dead weight does not move and its gradient has no part in the norm', () => {
    const weight = parameter('weight', [1, 0], [1, 0]);
    weight.gradient.set([3, 100]);
    optimize([weight], { kind: 'sgd', momentum: 0, weightDecay: 0, clipNorm: 3 }, 1, 1);
    expect([...weight.values]).toEqual([-2, 0]);
  });
});

it.each([
  ['plain', 0, false, 1.2341752, [-0.3702518, 0.3526923, 0.0175595, 0.2096145, 0.1271376, -0.3367521]],
  ['smoothed', 0.1, false, 1.2508418, [-0.3369184, 0.3360256, 0.0008928, 0.1929478, 0.1104709, -0.3034187]],
  ['mixed', 0, true, 1.0841752, [-0.2202518, 0.2026923, 0.0175595, 0.2096145, 0.1271376, -0.3367521]],
  ['both', 0.1, true, 1.1158418, [-0.2019184, 0.2010256, 0.0008928, 0.1929478, 0.1104709, -0.3034187]],
] as const)('the loss of the test engine, %s, agrees with PyTorch', (_, labelSmoothing, mixes, loss, slopes) => {
  const mixed = { labels: Int32Array.of(1, 2), shares: Float32Array.of(0.3, 0.3) };
  const batch = { labels: Int32Array.of(0, 2), ...(mixes && { mixed }) };
  const found = crossEntropy(Float32Array.of(1, 2, -1, 0.5, 0, 0.25), batch, 3, { labelSmoothing });
  expect(found.loss).toBeCloseTo(loss, 6);
  for (const [i, slope] of found.slope.entries()) expect(slope).toBeCloseTo(slopes[i]!, 6);
});
