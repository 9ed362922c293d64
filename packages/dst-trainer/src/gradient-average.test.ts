import { describe, expect, it } from 'vitest';
import { denseEngine } from '../test/dense-engine.ts';
import { collect, ofType, smallNet, smallPlan, smallRun } from '../test/small-run.ts';
import { gathered, gatheredSteps, gathers } from './gradient-average.ts';
import { momentum } from './rules/momentum.ts';
import type { GrowRule } from './rules/rule.ts';
import { train } from './train.ts';

describe('the averaged gradient', () => {
  it('is gathered over as many steps as weigh 1 % or more', () => {
    expect([0, 0.5, 0.9, 0.99].map(gatheredSteps)).toEqual([1, 7, 44, 459]); // ln 0.01 / ln m: 6.6, 43.7, 458.2
  });

  it('adds the gradient to what is left of those before', () => {
    const first = gathered(undefined, Float32Array.of(1, -2), 0.5);
    expect([...gathered(gathered(first, Float32Array.of(4, 0), 0.5), Float32Array.of(0, 1), 0.5)]).toEqual([2.25, 0.5]);
  });

  it('is gathered just before rewirings that read it, over the ends of phases too', () => {
    const stepsOf = (grow: GrowRule) => {
      const plan = smallPlan({ momentum: 0.2, rewiring: { every: 8, grow } }); // 3 steps: ln 0.01 / ln 0.2 = 2.9
      return Array.from({ length: 30 }, (_, i) => i + 1).filter((step) => gathers(plan, step, 5));
    };
    // Rewirings at 8, 16, 24; an escape at 21, the first step of the third phase.
    expect(stepsOf(momentum())).toEqual([6, 7, 8, 14, 15, 16, 19, 20, 21, 22, 23, 24]);
    expect(stepsOf({ ...momentum(), needs: ['gradient'] })).toEqual([]);
  });

  it('that a rule reads is what a session of its own gives, step by step', async () => {
    const seen: Float32Array[] = [];
    const listening: GrowRule = {
      ...momentum(),
      score: (layer, openings) => {
        if (layer.param === 'fc2.weight') seen.push(layer.signals.momentum!);
        return momentum().score(layer, openings);
      },
    };
    const plan = smallPlan({ momentum: 0.2, rewiring: { every: 4, grow: listening } });
    const run = smallRun({ plan, checkpointEvery: 1 });
    const { events } = await collect(train(run));
    // Steps 2, 3 and 4 of the first epoch, each from where the one before ended.
    const models = ofType(events, 'checkpoint').map(({ state }) => state.model);
    const batches = [...(run.data.train.batches({ batchSize: 5, shuffle: { seed: 5, epoch: 1 } }) as Iterable<never>)];
    const slopes: Float32Array[] = [];
    for (const step of [2, 3, 4]) {
      const options = { batchSize: 5, optimizer: plan.optimizer, signals: ['gradient'] } as const;
      await using session = await denseEngine().open(smallNet, models[step - 2]!, options);
      await session.trainStep(batches[step - 1]!, { learningRate: 0.1, keep: ['gradient'], update: false });
      slopes.push((await session.signal('fc2.weight', 'gradient')).slice());
    }
    const expected = slopes[0]!.map((slope, i) => 0.04 * slope + 0.2 * slopes[1]![i]! + slopes[2]![i]!);
    for (const [i, value] of expected.entries()) expect(seen[0]![i]).toBeCloseTo(value, 6);
    expect(expected.some((value) => Math.abs(value) > 1e-2)).toBe(true);
  });
});
