import { modelByName, network } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { resolveExperiment } from './experiment.ts';
import type { Flags } from './experiment-fields.ts';
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

describe('rules of an experiment', () => {
  const planOf = (flags: Flags) => plansOf(resolveExperiment({ ...SMALL, ...flags }))[0]!;

  it('are those that it names', () => {
    const flags = { drop: 'threshold', dropThreshold: '0.2', growth: 'mix', growthMix: '0.25', redistribution: 'magnitude' } as const;
    const { rewiring } = planOf(flags).phases[0]!;
    expect(rewiring).toMatchObject({ drop: { kind: 'threshold' }, grow: { kind: 'mix' }, redistribute: { kind: 'magnitude' } });
  });

  it.each<[Flags, object]>([
    [{ structure: '2:4', sparsity: '0.5' }, { structure: { kind: 'n-of-m', live: 2, of: 4 } }],
    [{ structure: 'fan-in' }, { structure: { kind: 'fan-in' } }],
    [{ structure: 'srigl' }, { structure: { kind: 'fan-in', ablate: 0.3 } }],
    [{ structure: 'srigl', ablation: '0.9' }, { structure: { kind: 'fan-in', ablate: 0.9 } }],
    [{ distribution: 'snip' }, { ratios: 'snip' }],
    [{ distribution: 'grasp' }, { ratios: 'grasp' }],
    [{ distribution: 'global-magnitude' }, { ratios: 'magnitude' }],
    [{ profile: 'ref' }, { profile: { name: 'ref', initial: 'coin' } }],
  ])('%j', (flags, expected) => expect(planOf(flags)).toMatchObject(expected));

  it.each<[Flags, number[]]>([
    [{}, [18_714, 6906, 1000]],
    [{ erkPower: '0' }, [23_520, 3000, 100]],
    [{ distribution: 'uniform-dense-first' }, [235_200, 3000, 100]],
    [{ distribution: 'erk-plus', classifierDensity: '0.2' }, [19_299, 7121, 200]], // 26 420 by 1084 : 400 is 19298.7 and 7121.3
  ])('live counts of LeNet-300-100 at sparsity 0.9: %j', (flags, expected) => {
    const net = network(modelByName('lenet-300-100'));
    expect([...planOf(flags).distribution(net, 0.9).values()]).toEqual(expected);
  });

  it('gradual pruning runs half of the epochs unless told', () => {
    expect(planOf({ method: 'gmp' }).phases[0]!.pruning).toMatchObject({ sparsity: { kind: 'cubic', from: 0, to: 0.9, over: 3 } });
    const told = planOf({ method: 'gmp', pruneEpochs: '4', rewireEvery: '9', drop: 'global-magnitude' });
    expect(told.phases[0]!.pruning).toMatchObject({ every: 9, drop: { over: 'network' }, sparsity: { over: 4 } });
  });

  it('pruning at once takes from the whole network unless told, with epochs and rates of its own', () => {
    const pf = planOf({ method: 'pf', fineTuneEpochs: '9', fineTuneRate: '0.02' });
    expect(pf.phases[1]).toMatchObject({ epochs: 9, learningRate: 0.02, opening: { prune: { drop: { over: 'network' }, sparsity: 0.9 } } });
    expect(planOf({ method: 'one-shot', drop: 'magnitude' }).phases[1]).toMatchObject({
      opening: { prune: { drop: { kind: 'magnitude' } } },
    });
    const ltr = planOf({ method: 'ltr', rewindEpoch: '2', roundShare: '0.5', sparsity: '0.75' });
    expect([ltr.rewindTo, ltr.phases.map(({ epochs }) => epochs)]).toEqual([2, [6, 6, 6]]);
    expect(planOf({ method: 'fge', cycleEpochs: '4' }).phases.map(({ epochs }) => epochs)).toEqual([5, 2, 4, 4]);
  });

  it('death rates are the methods own unless told; the profile ref keeps DST constant', () => {
    const fraction = (flags: Flags) => planOf({ method: 'dst', ...flags }).phases[0]!.rewiring as { fraction: unknown };
    expect(fraction({ deathRate: 'linear' })).toMatchObject({ fraction: { kind: 'linear', from: 0.5, to: 0, over: 6 } });
    expect(fraction({ profile: 'ref' })).toMatchObject({ fraction: 0.5 });
    expect(fraction({ method: 'edst' })).toMatchObject({ fraction: 0.5 });
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
