import { describe, expect, it } from 'vitest';
import { resolveExperiment } from './experiment.ts';
import { epochsOf, plansOf, seedOf, settled, ticketsOf } from './plans.ts';

const SMALL = { tickets: '3', exploreEpochs: '4', refineEpochs: '2' };

describe('plansOf', () => {
  it('EDST is one run that explores once, the others one run per ticket', () => {
    const shape = (method: string) => {
      const plans = plansOf(resolveExperiment({ ...SMALL, method }));
      return [plans.length, epochsOf(plans[0]!), ticketsOf(plans)];
    };
    expect(shape('edst')).toEqual([1, 4 + 3 * 2, 3]);
    for (const method of ['dst', 'static', 'dense']) expect(shape(method), method).toEqual([3, 4 + 2, 3]);
  });

  it('hands on every option of the rewiring', () => {
    const flags = { ...SMALL, rewireEvery: '7', growth: 'random', dropFraction: '0.3', escape: '0.6' };
    const [plan] = plansOf(resolveExperiment(flags));
    expect(plan!.phases.map((phase) => phase.escape)).toEqual([undefined, undefined, 0.6, 0.6]);
    expect(plan!.phases[0]!.rewiring).toMatchObject({ every: 7, fraction: 0.3, grow: { kind: 'random' } });
  });

  it('drop shares of DST fall along a cosine over all its epochs', () => {
    const [plan] = plansOf(resolveExperiment({ ...SMALL, method: 'dst', dropFraction: '0.5' }));
    expect(plan!.phases[0]!.rewiring).toMatchObject({ fraction: { kind: 'cosine', from: 0.5, to: 0.005, over: 6 } });
  });
});

describe('settled', () => {
  it('rewires every three epochs of steps, at most every 1000, unless told otherwise', () => {
    const every = (flags: object, samples: number) => settled(resolveExperiment({ ...SMALL, ...flags }), samples).rewireEvery;
    expect(every({ batchSize: '128' }, 5400)).toBe(3 * 43);
    expect(every({ batchSize: '128' }, 54_000)).toBe(1000);
    expect(every({ batchSize: '128', rewireEvery: '7' }, 54_000)).toBe(7);
  });
});

describe('seedOf', () => {
  it('the first run has the seed itself', () => {
    expect(seedOf({ seed: 17 }, 0)).toBe(17);
  });

  it('experiments with neighbouring seeds share no runs', () => {
    const seeds = [17, 18, 19].flatMap((seed) => [0, 1, 2].map((member) => seedOf({ seed }, member)));
    expect(new Set(seeds).size).toBe(9);
  });
});
