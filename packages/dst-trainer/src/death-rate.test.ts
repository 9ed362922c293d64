import { valueAt } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { DEATH_RATES } from './death-rate.ts';
import { dst } from './plans/dst.ts';
import { type EdstOptions, edst } from './plans/edst.ts';
import type { Plan } from './plans/plan.ts';
import { REF } from './profile.ts';

describe('death rates, from 0.5 over 100 epochs', () => {
  it.each([
    ['constant', [0.5, 0.5, 0.5, 0.5]],
    ['cosine', [0.5, 0.427509, 0.2525, 0.005]], // 0.005 + 0.495 (1 + cos(pi t / T)) / 2
    ['linear', [0.5, 0.375, 0.25, 0]],
    ['exponential', [0.5, 0.5 * 0.75 ** 3, 0.0625, 0]],
  ] as const)('%s', (name, expected) => {
    const schedule = DEATH_RATES[name]({ from: 0.5, over: 100 });
    for (const [i, t] of [0, 25, 50, 100].entries()) expect(valueAt(schedule, t)).toBeCloseTo(expected[i]!, 6);
  });
});

/** The share at the beginning of every epoch of a plan. */
const shares = (plan: Plan) =>
  plan.phases.flatMap(({ rewiring, epochs }) =>
    Array.from({ length: epochs }, (_, t) => (rewiring === 'frozen' ? 0 : Number(valueAt(rewiring.fraction, t).toFixed(6)))),
  );

describe('plans', () => {
  const options: EdstOptions = { tickets: 2, sparsity: 0.5, exploreEpochs: 2, refineEpochs: 2 };

  it('EDST: one stretch to the first ticket, another after each escape', () => {
    expect(shares(edst({ ...options, deathRate: 'linear', rewiring: { fraction: 0.4 } }))).toEqual([0.4, 0.3, 0.2, 0.1, 0.4, 0.2]);
    expect(shares(edst(options))).toEqual([0.5, 0.5, 0.5, 0.5, 0.5, 0.5]);
  });

  it('DST: over the whole run', () => {
    const run = { tickets: 1, sparsity: 0.5, epochs: 4 };
    expect(shares(dst({ ...run, deathRate: 'linear' })[0]!)).toEqual([0.5, 0.375, 0.25, 0.125]);
    expect(shares(dst({ ...run, deathRate: 'constant' })[0]!)).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(shares(dst({ ...run, profile: REF })[0]!)).toEqual([0.5, 0.5, 0.5, 0.5]);
    expect(shares(dst({ ...run, rewiring: { fraction: 0.3 } })[0]!)).toEqual([0.3, 0.3, 0.3, 0.3]);
  });
});
