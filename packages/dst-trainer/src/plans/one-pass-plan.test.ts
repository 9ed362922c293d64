import { forwardFlops, lenet300, network, wideResNet } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import type { ONE_PASS } from '../one-pass/one-pass.ts';
import { planCost } from '../plan-cost.ts';
import { stepsPerEpoch, ticketCount } from '../plan-counts.ts';
import { dst } from './dst.ts';
import { onePassPlan } from './one-pass-plan.ts';
import { plansFor } from './plans-for.ts';

const options = { sparsity: 0.9, exploreEpochs: 15, refineEpochs: 10, batchSize: 120 };
const only = (method: (typeof ONE_PASS)[number], over: Partial<Parameters<typeof plansFor>[1]> = {}) => {
  const plans = plansFor(method, { tickets: 3, ...options, ...over });
  expect(plans).toHaveLength(1);
  return plans[0]!;
};

describe('plans of one pass', () => {
  it.each([
    ['mc-dropout', 1, 500],
    ['batch-ensemble', 3, 1500],
    ['mimo', 1, 2000],
    ['treenet', 1, 500],
  ] as const)(
    '%s: one dense run of as many epochs as one network, %i tickets, %i steps an epoch of 60 000 images',
    (method, tickets, steps) => {
      const plan = only(method);
      expect(plan).toMatchObject({ method, sparsity: 0, denseEpochs: 25, phases: [{ epochs: 25, rewiring: 'frozen' }] });
      expect(ticketCount(plan)).toBe(tickets);
      expect(stepsPerEpoch(plan, 60_000)).toBe(steps);
    },
  );
  it('trains the shared network as another method would', () => {
    const plan = only('treenet', { base: 'dst' });
    const [own] = dst({ ...options, tickets: 1, epochs: 25 });
    expect(JSON.stringify(plan)).toBe(JSON.stringify({ ...own, method: 'treenet', onePass: { kind: 'treenet', members: 3 } }));
    expect(only('mimo', { base: 'static' })).toMatchObject({ sparsity: 0.9, phases: [{ rewiring: 'frozen' }] });
  });
  it('has what the method says of rates, decay and loss', () => {
    expect(only('batch-ensemble').optimizer).toMatchObject({ rates: { memberScale: 0.5 }, decays: ['weight', 'bias', 'scale', 'shift'] });
    expect(only('batch-ensemble', { decays: 'weights' }).optimizer.decays).toEqual(['weight']);
    expect(only('mimo', { labelSmoothing: 0.1 }).loss).toEqual({ labelSmoothing: 0.1, heads: 'sum' });
    expect(only('treenet').loss).toBeUndefined(); // the engine's default is the mean
  });
  it('has the published numbers by default', () => {
    expect(only('mc-dropout').onePass).toEqual({ kind: 'mc-dropout', rate: 0.1, passes: 30 });
    expect(only('mimo').onePass).toEqual({ kind: 'mimo', members: 3, repetitions: 4, sameInput: 0 });
  });

  it.each([
    ['mimo', { batchSize: 127 }, 'plan.batchSize: expected a multiple of 4, as often as MIMO has each image in a batch, received 127'],
    ['batch-ensemble', { batchSize: 128 }, 'plan.batchSize: expected a multiple of 3, one row for each member'],
    ['mimo', { inputRepetition: 2 }, 'plan.onePass.sameInput: expected a share from 0 to 1, received 2'],
    ['mc-dropout', { dropoutRate: 1 }, 'plan.onePass.rate: expected a number between 0 and 1, received 1'],
    ['mc-dropout', { passes: 0 }, 'plan.onePass.passes: expected a whole number of at least 1'],
  ] as const)('refuses %s with %o', (method, over, message) => {
    expect(() => only(method, over)).toThrow(message);
  });
});

describe('what members that share a network cost', () => {
  // LeNet-300-100: multiply-adds of its layers, and what 25 dense epochs of one image come to at two FLOPs each, forward and twice that back.
  const [fc1, fc2, fc3] = [784 * 300, 300 * 100, 100 * 10] as const;
  const one = fc1 + fc2 + fc3;
  const net = network(lenet300());
  const cost = (method: (typeof ONE_PASS)[number], over = {}) => {
    const { trainingFlops, inferenceFlops } = planCost(net, only(method, over), 10);
    return [trainingFlops / (10 * 25 * 3 * 2), inferenceFlops / 2];
  };

  it('mc-dropout: one training, and a run for each pass', () => {
    expect(cost('mc-dropout', { passes: 7 })).toEqual([one, 7 * one]);
  });
  it('batch-ensemble: every image for every member, in training and after', () => {
    expect(cost('batch-ensemble')).toEqual([3 * one, 3 * one]);
  });
  it('mimo: four rows an image in training and one run after, of a network with three inputs and outputs', () => {
    expect(cost('mimo')).toEqual([4 * (3 * fc1 + fc2 + 3 * fc3), 3 * fc1 + fc2 + 3 * fc3]);
  });
  it('treenet: the trunk once, the rest thrice', () => {
    expect(cost('treenet')).toEqual([fc1 + 3 * (fc2 + fc3), fc1 + 3 * (fc2 + fc3)]);
  });
  it('is compared with one plain dense network', () => {
    const { trainingVersusDense, inferenceVersusDense } = planCost(net, only('batch-ensemble'), 10);
    expect([trainingVersusDense, inferenceVersusDense]).toEqual([3, 3]);
  });
  it('with dst counts live weights, and the dense gradient of the network that is trained', () => {
    const wide = network(wideResNet({ depth: 16, widen: 2 }));
    const runs = { ...options, epochs: 1, base: 'dst', rewiring: { every: 100 } } as const;
    const plan = onePassPlan({ kind: 'batch-ensemble', members: 2 }, runs);
    const sparse = forwardFlops(wide, plan.distribution(wide, 0.9));
    const { trainingFlops, inferenceFlops } = planCost(wide, plan, 1);
    expect(inferenceFlops).toBe(2 * sparse);
    expect(trainingFlops).toBeCloseTo((2 * (302 * sparse + forwardFlops(wide))) / 101, 0);
  });
});
