import { forwardFlops, network, wideResNet } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { planCost } from './plan-cost.ts';
import { type EdstOptions, edst } from './plans/edst.ts';
import { plansFor } from './plans/plans-for.ts';
import { REF_DENSE } from './profile.ts';
import { rigl } from './rewiring.ts';
import { momentum } from './rules/momentum.ts';
import { random } from './rules/random.ts';

const wide10 = network(wideResNet({ depth: 28, widen: 10 }));
const wide100 = network(wideResNet({ depth: 28, widen: 10, classes: 100 }));
const samples = 45_000;
const cifar = (tickets: number, sparsity: number): EdstOptions => ({ tickets, sparsity, exploreEpochs: 150, refineEpochs: 100 });

/** To three digits, as the published tables round. */
const versusDense = (cost: ReturnType<typeof planCost>) =>
  [cost.trainingVersusDense, cost.inferenceVersusDense].map((ratio) => Number(ratio.toPrecision(3)));

describe('acceptance 3: planCost on WRN-28-10', () => {
  it.each([
    ['edst', 3, 0.8, 0.612, 1.02],
    ['edst', 7, 0.9, 0.574, 1.18],
    ['dst', 1, 0.8, 0.34, 0.34],
    ['dst', 1, 0.9, 0.169, 0.169],
    ['dst', 1, 0.95, 0.0857, 0.0854],
    ['dst', 3, 0.8, 1.02, 1.02],
    ['dense', 4, 0, 4, 4],
  ] as const)(
    '%s, %i tickets, sparsity %d: training %d and inference %d of one dense network',
    (method, tickets, sparsity, training, inference) => {
      expect(versusDense(planCost(wide10, plansFor(method, cifar(tickets, sparsity)), samples))).toEqual([training, inference]);
    },
  );

  it('has the published ratios for 100 classes', () => {
    expect(versusDense(planCost(wide100, edst(cifar(3, 0.8)), samples))).toEqual([0.608, 1.01]);
    expect(versusDense(planCost(wide100, edst(cifar(7, 0.9)), samples))).toEqual([0.566, 1.16]);
  });

  it('counts 3.54e17 operations for 250 dense epochs of 45 000 images', () => {
    const cost = planCost(wide10, plansFor('dense', cifar(1, 0)), samples);
    // 3 passes of 2 x 5,243,328,768 multiply-adds
    expect(cost.trainingFlops).toBe(3 * 2 * 5_243_328_768 * samples * 250);
    expect(cost.inferenceFlops).toBe(2 * 5_243_328_768);
  });

  it('charges the dense gradient to rules that need it, and to no other', () => {
    const [plan] = plansFor('static', cifar(1, 0.8));
    const sparse = forwardFlops(wide10, plan!.distribution(wide10, 0.8));
    const dense = forwardFlops(wide10);
    const perSample = (rewiring: ReturnType<typeof rigl> | 'frozen') =>
      planCost(wide10, { ...plan!, phases: [{ name: 'one', epochs: 1, learningRate: 0.1, rewiring }] }, 1).trainingFlops;
    expect(perSample('frozen')).toBe(3 * sparse);
    expect(perSample(rigl({ grow: random() }))).toBe(3 * sparse);
    expect(perSample(rigl({ every: 100 }))).toBeCloseTo((300 * sparse + 2 * sparse + dense) / 101, 0);
  });

  it('charges the dense gradient of every step to a profile that gathers the momentum of dead weights', () => {
    const [plan] = plansFor('dst', { ...cifar(1, 0.8), profile: REF_DENSE });
    const sparse = forwardFlops(wide10, plan!.distribution(wide10, 0.8));
    expect(planCost(wide10, [plan!], 1).trainingFlops).toBeCloseTo(250 * (2 * sparse + forwardFlops(wide10)), -3);
  });

  it('charges the averaged gradient once per step gathered', () => {
    const [plan] = plansFor('static', cifar(1, 0.8));
    const sparse = forwardFlops(wide10, plan!.distribution(wide10, 0.8));
    const dense = forwardFlops(wide10);
    const phase = { name: 'one', epochs: 1, learningRate: 0.1, rewiring: rigl({ grow: momentum(), every: 440 }) } as const;
    // 44 of 440 steps, so as one in ten.
    expect(planCost(wide10, { ...plan!, phases: [phase] }, 1).trainingFlops).toBeCloseTo((30 * sparse + 2 * sparse + dense) / 11, 0);
  });

  it('needs a plan', () => {
    expect(() => planCost(wide10, [], samples)).toThrow('plans: expected at least one plan');
  });
});
