import { valueAt } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { magnitude } from '../rules/magnitude.ts';
import { taylor } from '../rules/taylor.ts';
import { checkPlan } from './check-plan.ts';
import { fge } from './fge.ts';
import { ltr } from './ltr.ts';
import { oneShot, pf } from './pf.ts';
import type { Plan } from './plan.ts';
import { METHODS, plansFor } from './plans-for.ts';
import { snapshot } from './snapshot.ts';

const epochsIn = (plan: Plan) => plan.phases.map(({ epochs }) => epochs);
const ticketsIn = (plans: readonly Plan[]) => plans.flatMap(({ phases }) => phases.filter(({ ticket }) => ticket)).length;

/** The learning rate of every step of a plan, `steps` to an epoch. */
const ratesOf = (plan: Plan, steps: number) =>
  plan.phases.flatMap(({ epochs, learningRate }) =>
    Array.from({ length: epochs * steps }, (_, step) => valueAt(learningRate, step / steps)),
  );

const expectClose = (found: readonly number[], expected: readonly number[]) => {
  expect(found).toHaveLength(expected.length);
  for (const [step, rate] of found.entries()) expect(rate, `step ${step + 1}`).toBeCloseTo(expected[step]!, 12);
};

describe('snapshot', () => {
  it('has the learning rate lr0 / 2 (cos(pi mod(t - 1, T / C) / (T / C)) + 1) at step t', () => {
    const plan = snapshot({ tickets: 5, epochs: 200, learningRate: 0.2 });
    const [steps, cycle] = [7, (200 * 7) / 5];
    const formula = Array.from({ length: 200 * steps }, (_, i) => 0.1 * (Math.cos((Math.PI * (i % cycle)) / cycle) + 1));
    expectClose(ratesOf(plan, steps), formula);
    expect(plan.phases.map(({ name, ticket }) => [name, ticket])).toEqual([1, 2, 3, 4, 5].map((n) => [`cycle ${n}`, 'last']));
    expect(plan).toMatchObject({ sparsity: 0, denseEpochs: 200 });
  });

  it('rounds the ends of cycles up: 25 epochs end at 9, 17 and 25', () => {
    expect(epochsIn(snapshot({ tickets: 3, epochs: 25 }))).toEqual([9, 8, 8]);
  });

  it('needs an epoch for each ticket', () => {
    expect(() => snapshot({ tickets: 3, epochs: 2 })).toThrow('snapshot: epochs: expected at least 3, one for each ticket, received 2');
  });
});

describe('fge', () => {
  // As published: 160 of 200 epochs from 0.1, then cycles of 2 epochs between 0.05 and 0.01; here with 2 steps an epoch.
  it('trains to four fifths: constant to the half, then along a line to a hundredth at nine tenths', () => {
    const rates = ratesOf(fge({ tickets: 20, epochs: 200, cycleEpochs: 2 }), 2).slice(0, 320);
    const line = (epoch: number) => (epoch < 100 ? 0.1 : 0.1 + ((0.001 - 0.1) * (epoch - 100)) / 80);
    expectClose(
      rates,
      Array.from({ length: 320 }, (_, step) => line(step / 2)),
    );
  });

  it('then zigzags by t = ((epoch mod c) + i / n) / c, with a ticket each time that t is 1/2', () => {
    const plan = fge({ tickets: 3, epochs: 200, cycleEpochs: 4 });
    const [steps, c, high, low] = [3, 4, 0.05, 0.01];
    const zigzag = Array.from({ length: 10 * steps }, (_, step) => {
      const t = ((step / steps) % c) / c;
      return t < 0.5 ? (1 - 2 * t) * high + 2 * t * low : (2 * t - 1) * high + (2 - 2 * t) * low;
    });
    expectClose(ratesOf(plan, steps).slice(160 * steps), zigzag);
    // t is 1/2 after 2, 6 and 10 epochs of the zigzag
    const ends = plan.phases.flatMap(({ ticket }, i) =>
      ticket
        ? [
            epochsIn(plan)
              .slice(0, i + 1)
              .reduce((a, b) => a + b),
          ]
        : [],
    );
    expect(ends).toEqual([162, 166, 170]);
  });

  it.each([
    [3, 25, [20, 1, 2, 2]],
    [3, 250, [200, 10, 20, 20]],
    [20, 200, [160, 1, ...Array(19).fill(2)]],
    [3, 5, [4, 1, 2, 2]], // too short for three cycles in its last fifth
    [1, 1, [1, 1]],
  ])('%i tickets in %i epochs take %j', (tickets, epochs, expected) => {
    expect(epochsIn(fge({ tickets, epochs }))).toEqual(expected);
  });

  it('refuses odd cycles', () => {
    expect(() => fge({ tickets: 1, epochs: 10, cycleEpochs: 3 })).toThrow('fge: cycleEpochs: expected an even number of at least 2');
  });
});

const run = { tickets: 2, sparsity: 0.8, epochs: 250 } as const;

describe('pf and one-shot', () => {
  it('pf is 250 dense epochs, pruned over the network, and 250 more at 0.001', () => {
    const plans = pf(run);
    const [dense, tune] = plans[0]!.phases;
    expect(plans).toHaveLength(2);
    expect(dense).toMatchObject({
      epochs: 250,
      learningRate: {
        start: 0.1,
        changes: [
          [125, 0.01],
          [187, 0.001],
        ],
      },
    });
    expect(dense!.ticket).toBeUndefined();
    expect(tune).toMatchObject({ epochs: 250, learningRate: 0.001, rewiring: 'frozen', ticket: 'best-validation' });
    expect(tune!.opening).toMatchObject({ prune: { sparsity: 0.8, drop: { kind: 'global-magnitude' } } });
  });

  it('pf takes epochs, rate and rule of its own', () => {
    const [plan] = pf({ ...run, fineTuneEpochs: 20, fineTuneRate: 0.005, drop: magnitude() });
    expect(plan!.phases[1]).toMatchObject({ epochs: 20, learningRate: 0.005, opening: { prune: { drop: { kind: 'magnitude' } } } });
    expect(() => pf({ ...run, fineTuneEpochs: 0 })).toThrow('pf: fineTuneEpochs: expected a whole number of at least 1, received 0');
    expect(() => pf({ ...run, fineTuneRate: 0 })).toThrow('pf: fineTuneRate: expected a finite number above 0, received 0');
  });

  it('one-shot is 250 dense epochs and a phase of none', () => {
    expect(oneShot(run)[0]!.phases.map(({ name, epochs, ticket }) => [name, epochs, ticket])).toEqual([
      ['dense', 250, undefined],
      ['prune', 0, 'last'],
    ]);
  });

  it('a rule that reads gradients is refused, for there are none before a step', () => {
    expect(() => pf({ ...run, drop: taylor() })).toThrow(
      'plan.phases[1].opening.prune.drop: expected a rule that reads values only and leaves the count, received "taylor"',
    );
  });
});

describe('ltr', () => {
  it('is two runs on one schedule, the second from the values of epoch 5', () => {
    const [plan] = ltr(run);
    expect(epochsIn(plan!)).toEqual([250, 250]);
    expect(plan!.phases[1]!.learningRate).toEqual(plan!.phases[0]!.learningRate);
    expect(plan).toMatchObject({ rewindTo: 5, phases: [{}, { opening: { rewind: true, prune: { sparsity: 0.8 } } }] });
  });

  it('takes a fifth of what is left in each round: 1 - 0.8 ** 11 is above 0.9', () => {
    const [plan] = ltr({ ...run, sparsity: 0.9, roundShare: 0.2 });
    const targets = plan!.phases.slice(1).map(({ opening }) => opening!.prune!.sparsity);
    const powers = [0.2, 0.36, 0.488, 0.5904, 0.67232, 0.737856, 0.7902848, 0.83222784, 0.865782272, 0.8926258176];
    expectClose(targets, [...powers, 0.9]);
    expect(targets.at(-1)).toBe(0.9);
    expect(ticketsIn([plan!])).toBe(1);
  });

  it('takes no round more where the powers meet the sparsity: 1 - 0.8 ** 3 is 0.488', () => {
    expect(ltr({ ...run, sparsity: 0.488, roundShare: 0.2 })[0]!.phases).toHaveLength(4);
  });

  it.each([
    [{ rewindEpoch: 251 }, 'ltr: rewindEpoch: expected a whole number from 0 to 250, the epochs of a run, received 251'],
    [{ roundShare: 0 }, 'ltr: roundShare: expected a number from 0.01 to 1, received 0'],
  ])('%j is refused', (over, message) => {
    expect(() => ltr({ ...run, ...over })).toThrow(message);
  });
});

describe('a plan with openings, built by hand', () => {
  const [plan] = ltr({ ...run, roundShare: 0.5 }); // 0.5, 0.75, 0.8
  const phases = plan!.phases;
  it.each<[Partial<Plan>, string]>([
    [{ sparsity: 0.9 }, "plan.phases[3].opening.prune.sparsity: expected the plan's sparsity, 0.9, at the last pruning, received 0.8"],
    [{ phases: [phases[0]!, phases[2]!, phases[1]!, phases[3]!] }, 'plan.phases[2].opening.prune.sparsity: expected a number from 0.75'],
    [{ rewindTo: 251 }, 'plan.rewindTo: expected a whole number from 0 to 250, the epochs before the first opening, received 251'],
    [{ ratios: 'snip' }, 'plan.ratios: expected none where an opening prunes'],
    [{ structure: { kind: 'fan-in' } }, 'plan.structure: expected none where an opening prunes, received "fan-in"'],
    [{ phases: [{ ...phases[0]!, epochs: 0 }] }, 'plan.phases[0].epochs: expected a whole number of at least 1, received 0'],
  ])('%#', (over, message) => {
    expect(() => checkPlan({ ...plan!, ...over })).toThrow(message);
  });

  it('rewinds only what has been kept', () => {
    const { rewindTo: _, ...without } = plan!;
    expect(() => checkPlan(without)).toThrow('plan.rewindTo');
  });
});

describe('epochs and tickets of the methods, at 15 + 10 epochs and three tickets', () => {
  const dense = { tickets: 3, sparsity: 0.9, exploreEpochs: 15, refineEpochs: 10 };
  it.each([
    ['dense', 3 * 25],
    ['one-shot', 3 * 25],
    ['pf', 3 * (25 + 25)],
    ['ltr', 3 * (25 + 25)],
    ['snapshot', 25],
    ['fge', 25],
    ['edst', 15 + 3 * 10],
  ] as const)('%s: %i epochs', (method, epochs) => {
    const plans = plansFor(method, dense);
    expect(METHODS).toContain(method);
    expect(plans.flatMap(epochsIn).reduce((a, b) => a + b)).toBe(epochs);
    expect(ticketsIn(plans)).toBe(3);
    expect(plans[0]).toMatchObject({ method, denseEpochs: 25 });
  });

  it('ltr in rounds: the dense run and eleven rounds for each ticket', () => {
    expect(plansFor('ltr', { ...dense, roundShare: 0.2 }).flatMap(epochsIn)).toHaveLength(3 * 12);
  });
});
