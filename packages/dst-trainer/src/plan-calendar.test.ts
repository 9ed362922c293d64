import { describe, expect, it } from 'vitest';
import { smallNet } from '../test/small-run.ts';
import { planCalendar } from './plan-calendar.ts';
import { epochFlops, planCost } from './plan-cost.ts';
import { edst } from './plans/edst.ts';
import { gmp } from './plans/gmp.ts';

const explored = edst({ tickets: 2, sparsity: 0.5, exploreEpochs: 3, refineEpochs: 2, batchSize: 5, rewiring: { every: 4 } });
const pruned = gmp({ tickets: 1, sparsity: 0.75, epochs: 6, pruneEpochs: 2, batchSize: 5, pruning: { every: 3 } })[0]!;

describe('planCalendar', () => {
  it('counts the steps of each phase that rewire, and has the ends of its learning rate', () => {
    // Of 5 steps an epoch: 4, 8, 12; 16, 20, 24; 28, 32 after the escape at 26.
    expect(planCalendar(explored, 5)).toEqual([
      { name: 'explore', epochs: 3, steps: 15, learningRate: { first: 0.1, last: 0.1 }, rewirings: 3, prunings: 0, ticket: false },
      { name: 'refine 1', epochs: 2, steps: 10, learningRate: { first: 0.01, last: 0.001 }, rewirings: 3, prunings: 0, ticket: true },
      {
        name: 'refine 2',
        epochs: 2,
        steps: 10,
        learningRate: { first: 0.01, last: 0.001 },
        rewirings: 2,
        prunings: 0,
        escape: 0.8,
        ticket: true,
      },
    ]);
  });

  it('counts the steps that prune: multiples of 3, and the tenth, with which the pruning ends', () => {
    expect(planCalendar(pruned, 5)).toMatchObject([{ rewirings: 0, prunings: 4 }]);
  });

  it('knows the warm-up', () => {
    const [first] = planCalendar({ ...explored, warmupEpochs: 2 }, 5);
    expect(first!.learningRate).toEqual({ first: 0.1 / 10, last: 0.1 });
  });
});

describe('epochFlops', () => {
  it('adds up to the cost of the plan', () => {
    for (const plan of [explored, pruned]) {
      const epochs = epochFlops(smallNet, plan, 25);
      expect(epochs).toHaveLength(plan.phases.reduce((sum, phase) => sum + phase.epochs, 0));
      expect(epochs.reduce((a, b) => a + b)).toBeCloseTo(planCost(smallNet, plan, 25).trainingFlops, 3);
    }
  });

  it('falls while weights are pruned', () => {
    const [first, second, third, ...later] = epochFlops(smallNet, pruned, 25);
    expect(first).toBeGreaterThan(second!);
    expect(second).toBeGreaterThan(third!);
    for (const epoch of later) expect(epoch).toBe(third);
  });
});
