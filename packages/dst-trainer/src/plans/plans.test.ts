import { erk, lenet300, network, uniform, valueAt } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { random } from '../rules/random.ts';
import { checkPlan } from './check-plan.ts';
import { dense } from './dense.ts';
import { dst } from './dst.ts';
import { type EdstOptions, edst } from './edst.ts';
import type { Phase, Plan } from './plan.ts';
import { type Method, plansFor } from './plans-for.ts';
import { staticSparse } from './static-sparse.ts';

/** The plan epoch by epoch, from epoch 1: phase and learning rate, as in a table on paper. */
function calendar(plan: Plan): { phase: Phase; rate: number }[] {
  return plan.phases.flatMap((phase) =>
    Array.from({ length: phase.epochs }, (_, epoch) => ({ phase, rate: valueAt(phase.learningRate, epoch) })),
  );
}

/** Epochs (from 1) at whose end the learning rate changes, with the new one. */
const rateChanges = (plan: Plan) => calendar(plan).flatMap(({ rate }, i, all) => (i > 0 && all[i - 1]!.rate !== rate ? [[i, rate]] : []));

/** Epochs at whose end the next phase escapes. */
const escapes = (plan: Plan) =>
  calendar(plan).flatMap(({ phase }, i, all) => (i > 0 && all[i - 1]!.phase !== phase && phase.escape ? [i] : []));

describe('edst', () => {
  it('has the boundaries of the CIFAR setting: 150 epochs, then three times 100', () => {
    const plan = edst({ tickets: 3, sparsity: 0.8, exploreEpochs: 150, refineEpochs: 100 });
    expect(plan.phases.map(({ name, epochs, escape: share, ticket }) => [name, epochs, share, ticket])).toEqual([
      ['explore', 150, undefined, undefined],
      ['refine 1', 100, undefined, 'best-validation'],
      ['refine 2', 100, 0.8, 'best-validation'],
      ['refine 3', 100, 0.8, 'best-validation'],
    ]);
    expect(calendar(plan)[0]!.rate).toBe(0.1);
    expect(rateChanges(plan)).toEqual([
      [150, 0.01],
      [200, 0.001],
      [250, 0.01],
      [300, 0.001],
      [350, 0.01],
      [400, 0.001],
    ]);
    expect(escapes(plan)).toEqual([250, 350]);
    expect(plan).toMatchObject({ batchSize: 128, optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 }, denseEpochs: 250 });
    expect(plan.phases.every(({ rewiring }) => rewiring !== 'frozen' && rewiring.every === 1000 && rewiring.fraction === 0.5)).toBe(true);
  });

  it('has 850 epochs for seven tickets', () => {
    const plan = edst({ tickets: 7, sparsity: 0.9, exploreEpochs: 150, refineEpochs: 100 });
    expect(calendar(plan)).toHaveLength(850);
    expect(escapes(plan)).toEqual([250, 350, 450, 550, 650, 750]);
    expect(rateChanges(plan).filter(([, rate]) => rate === 0.001)).toEqual([200, 300, 400, 500, 600, 700, 800].map((end) => [end, 0.001]));
  });

  it('rounds fractional boundaries up: 10 epochs, then three times 6 2/3', () => {
    const plan = edst({ tickets: 3, sparsity: 0.8, exploreEpochs: 10, refineEpochs: 20 / 3 });
    // ends: 10 + 6.67 -> 17, 10 + 13.33 -> 24, 30; halves: 13.33 -> 14, 20 -> 20, 26.67 -> 27
    expect(plan.phases.map(({ epochs }) => epochs)).toEqual([10, 7, 7, 6]);
    expect(escapes(plan)).toEqual([17, 24]);
    expect(rateChanges(plan)).toEqual([
      [10, 0.01],
      [14, 0.001],
      [17, 0.01],
      [20, 0.001],
      [24, 0.01],
      [27, 0.001],
    ]);
  });

  it.each([
    [150, 3, 450],
    [150, 7, 850],
    [10, 3, 30],
    [3, 4, 13],
  ])('gives each epoch to ticket floor((e - E0 - 1) / Er): E0 %i, M %i, E %i', (exploreEpochs, tickets, total) => {
    const plan = edst({ tickets, sparsity: 0.5, exploreEpochs, refineEpochs: (total - exploreEpochs) / tickets });
    calendar(plan).forEach(({ phase }, i) => {
      const ticket = Math.floor(((i + 1 - exploreEpochs - 1) * tickets) / (total - exploreEpochs));
      expect(phase.name, `epoch ${i + 1}`).toBe(i < exploreEpochs ? 'explore' : `refine ${ticket + 1}`);
    });
  });

  it('scales the learning rates and lays options over the rewiring', () => {
    const plan = edst({
      tickets: 1,
      sparsity: 0,
      exploreEpochs: 1,
      refineEpochs: 2,
      learningRate: 0.5,
      rewiring: { grow: random(), every: 7 },
    });
    expect(calendar(plan).map(({ rate }) => rate)).toEqual([0.5, 0.05, 0.005]);
    expect(plan.phases[1]!.rewiring).toMatchObject({ drop: { kind: 'magnitude' }, grow: { kind: 'random' }, every: 7, fraction: 0.5 });
  });
});

describe('dst, static and dense', () => {
  it('drop the learning rate at floor(E / 2) and floor(3 E / 4)', () => {
    const [plan] = dst({ tickets: 1, sparsity: 0.8, epochs: 250 });
    expect(rateChanges(plan!)).toEqual([
      [125, 0.01],
      [187, 0.001],
    ]);
    expect(rateChanges(staticSparse({ tickets: 1, sparsity: 0.8, epochs: 10 })[0]!)).toEqual([
      [5, 0.01],
      [7, 0.001],
    ]);
    expect(calendar(dense({ tickets: 1, epochs: 1 })[0]!).map(({ rate }) => rate)).toEqual([0.1]);
  });

  it('dst lowers the drop share from 0.5 to 0.005 by a cosine', () => {
    const { rewiring } = dst({ tickets: 1, sparsity: 0.8, epochs: 250 })[0]!.phases[0]!;
    if (rewiring === 'frozen') throw new Error('dst rewires');
    // 0.005 + 0.495 (1 + cos(pi t / 250)) / 2
    for (const [t, share] of [
      [0, 0.5],
      [62.5, 0.427509],
      [125, 0.2525],
      [187.5, 0.077491],
      [250, 0.005],
    ] as const)
      expect(valueAt(rewiring.fraction, t)).toBeCloseTo(share, 6);
  });

  it('static and dense never rewire, and dense has no dead weight', () => {
    expect(staticSparse({ tickets: 2, sparsity: 0.8, epochs: 4 }).map(({ phases }) => phases[0]!.rewiring)).toEqual(['frozen', 'frozen']);
    const [plan] = dense({ tickets: 1, epochs: 4 });
    const net = network(lenet300());
    expect(plan!.phases[0]!.rewiring).toBe('frozen');
    expect(plan!.distribution(net, plan!.sparsity)).toEqual(erk()(net, 0));
    expect([...plan!.distribution(net, plan!.sparsity).values()]).toEqual([784 * 300, 300 * 100, 100 * 10]);
  });
});

describe('plansFor', () => {
  const options: EdstOptions = { tickets: 3, sparsity: 0.8, exploreEpochs: 10, refineEpochs: 20 / 3, distribution: uniform() };

  it.each([
    ['edst', 1, 3, 30],
    ['dst', 3, 1, 17],
    ['static', 3, 1, 17],
    ['dense', 3, 1, 17],
  ] as const)('%s: %i plans of %i tickets and %i epochs each', (method, plans, tickets, epochs) => {
    const made = plansFor(method, options);
    expect(made).toHaveLength(plans);
    for (const plan of made) {
      expect(plan.method).toBe(method);
      expect(plan.phases.filter(({ ticket }) => ticket)).toHaveLength(tickets);
      expect(plan.phases.reduce((sum, phase) => sum + phase.epochs, 0)).toBe(epochs);
      expect(plan.sparsity).toBe(method === 'dense' ? 0 : 0.8);
    }
  });

  it('names the method that was meant', () => {
    expect(() => plansFor('statc' as Method, options)).toThrow('received "statc". Did you mean static?');
  });
});

describe('wrong options', () => {
  const good: EdstOptions = { tickets: 3, sparsity: 0.8, exploreEpochs: 15, refineEpochs: 10 };
  it.each<[Partial<EdstOptions>, string]>([
    [{ sparsity: 1.2 }, 'edst: sparsity: expected a number from 0 to below 1, received 1.2'],
    [{ sparsity: 1 }, 'edst: sparsity'],
    [{ sparsity: Number.NaN }, 'edst: sparsity'],
    [{ tickets: 0 }, 'edst: tickets: expected a whole number of at least 1, received 0'],
    [{ tickets: 2.5 }, 'edst: tickets'],
    [{ exploreEpochs: 1.5 }, 'edst: exploreEpochs: expected a whole number of at least 1, received 1.5'],
    [{ refineEpochs: 0.5 }, 'edst: refineEpochs: expected a number of at least 1, received 0.5'],
    [{ refineEpochs: 10.5 }, 'edst: refineEpochs: expected epochs that add up to a whole number over 3 tickets, received 10.5'],
    [{ escape: 0 }, 'edst: escape: expected a share above 0 and at most 1, received 0'],
    [{ escape: 1.1 }, 'edst: escape'],
    [{ batchSize: 0 }, 'edst: batchSize'],
    [{ learningRate: -1 }, 'edst: learningRate'],
    [{ momentum: 1 }, 'edst: momentum'],
    [{ weightDecay: Number.NaN }, 'edst: weightDecay'],
    [{ rewiring: { every: 0 } }, 'plan.phases[0].rewiring.every'],
    [{ rewiring: { fraction: 1.5 } }, 'plan.phases[0].rewiring.fraction: expected shares from 0 to 1, received 1.5'],
    [{ rewiring: { fraction: { kind: 'linear', from: 0.5, to: -0.1, over: 3 } } }, 'plan.phases[0].rewiring.fraction'],
  ])('%j is refused', (wrong, message) => {
    expect(() => edst({ ...good, ...wrong })).toThrow(message);
  });

  it('names the method whose option is wrong', () => {
    expect(() => dst({ tickets: 1, sparsity: 0.8, epochs: 0.5 })).toThrow('dst: epochs');
    expect(() => plansFor('static', { ...good, tickets: -1 })).toThrow('static: tickets');
  });

  it('finds faults in a plan built by hand', () => {
    const plan = edst(good);
    const [first] = plan.phases as [Phase];
    expect(() => checkPlan({ ...plan, phases: [] })).toThrow('plan.phases: expected at least one phase');
    expect(() => checkPlan({ ...plan, phases: [{ ...first, rewiring: 'frozen', escape: 0.8 }] })).toThrow(
      'plan.phases[0].escape: expected none',
    );
    expect(() => checkPlan({ ...plan, phases: [{ ...first, learningRate: Number.NaN }] })).toThrow('plan.phases[0].learningRate');
  });
});
