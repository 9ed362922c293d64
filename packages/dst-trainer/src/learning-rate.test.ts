import type { Schedule } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { collect, ofType, smallPlan, smallRun } from '../test/small-run.ts';
import { learningRateOf } from './learning-rate.ts';
import { edst } from './plans/edst.ts';
import { plansFor } from './plans/plans-for.ts';
import { snapshot } from './plans/snapshot.ts';
import { train } from './train.ts';

/** Explores epochs 1 and 2, refines 3 and 4, then 5 and 6. */
const planWith = (learningRate: Schedule, warmupEpochs?: number) => smallPlan({ learningRate, warmupEpochs });

/** Rates at the first step of each epoch of the run. */
const atEpochs = (learningRate: Schedule) =>
  planWith(learningRate).phases.flatMap((phase, index, phases) =>
    Array.from({ length: phase.epochs }, (_, epoch) => learningRateOf({ ...planWith(learningRate), phases }, index, 10 * epoch + 1, 10)),
  );

describe('a schedule for the whole run', () => {
  it.each<[Schedule, number[]]>([
    [{ kind: 'linear', from: 0.6, to: 0, over: 6 }, [0.6, 0.5, 0.4, 0.3, 0.2, 0.1]],
    [{ kind: 'linear', from: 0.4, to: 0.1, begin: 1, over: 4 }, [0.4, 0.4, 0.3, 0.2, 0.1, 0.1]],
    [{ kind: 'cosine', from: 1, to: 0, over: 6 }, [1, (1 + Math.sqrt(3) / 2) / 2, 0.75, 0.5, 0.25, (1 - Math.sqrt(3) / 2) / 2]],
    [{ kind: 'exponential', from: 1, over: 4, power: 2 }, [1, 9 / 16, 4 / 16, 1 / 16, 0, 0]],
    [
      {
        kind: 'steps',
        start: 1,
        changes: [
          [1, 0.5],
          [4, 0.25],
        ],
      },
      [1, 0.5, 0.5, 0.5, 0.25, 0.25],
    ],
    [
      {
        kind: 'points',
        points: [
          [0, 0],
          [2, 1],
          [6, 0],
        ],
      },
      [0, 0.5, 1, 0.75, 0.5, 0.25],
    ],
  ])('goes on over the phases of edst: %j', (schedule, expected) => {
    for (const [i, rate] of atEpochs(schedule).entries()) expect(rate).toBeCloseTo(expected[i]!, 12);
  });

  it('stands in place of the drops of single runs', () => {
    const schedule = { kind: 'cosine', from: 0.2, to: 0, over: 4 } as const;
    const options = { tickets: 1, sparsity: 0.5, exploreEpochs: 3, refineEpochs: 1, learningRate: schedule };
    for (const method of ['dst', 'static', 'dense', 'gmp'] as const)
      expect(plansFor(method, options)[0]!.phases[0]!.learningRate).toEqual(schedule);
  });

  it('is refused by a method that makes its own, and when a rate in it is no number', () => {
    const schedule = { kind: 'linear', from: 0.1, to: 0, over: 4 } as const;
    expect(() => snapshot({ tickets: 2, epochs: 4, learningRate: schedule })).toThrow(
      'snapshot: learningRate: expected a number, received',
    );
    const wrong = { ...schedule, to: -1 };
    expect(() => edst({ tickets: 1, sparsity: 0.5, exploreEpochs: 1, refineEpochs: 1, learningRate: wrong })).toThrow(
      'plan.phases[0].learningRate: expected finite numbers of at least 0',
    );
  });
});

describe('warm-up', () => {
  it('rises by one part per step, over phases, to what the schedule says', () => {
    const plan = planWith(1, 2.5); // 25 steps; refining begins at step 21 with a tenth
    const rates = [1, 2, 20].map((step) => learningRateOf(plan, 0, step, 10));
    expect(rates).toEqual([1 / 25, 2 / 25, 20 / 25]);
    expect(learningRateOf(plan, 1, 1, 10)).toBeCloseTo((0.1 * 21) / 25, 12);
    expect(learningRateOf(plan, 1, 5, 10)).toBeCloseTo(0.1, 12);
    expect(learningRateOf(plan, 1, 6, 10)).toBeCloseTo(0.1, 12);
  });

  it('is what a run trains with', async () => {
    const { events } = await collect(train(smallRun({ plan: smallPlan({ warmupEpochs: 2 }) })));
    // the fifth and tenth of ten steps
    expect(ofType(events, 'epoch').map(({ learningRate }) => learningRate)).toEqual([0.05, 0.1, 0.01, 0.001, 0.01, 0.001]);
    const cold = await collect(train(smallRun()));
    expect(ofType(events, 'epoch')[0]!.loss).not.toBe(ofType(cold.events, 'epoch')[0]!.loss);
  });

  it('of a negative length is refused', () => {
    expect(() => smallPlan({ warmupEpochs: -1 })).toThrow('plan.warmupEpochs: expected a finite number of at least 0, received -1');
  });
});
