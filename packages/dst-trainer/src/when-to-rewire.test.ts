import { describe, expect, it } from 'vitest';
import { dst } from './plans/dst.ts';
import { edst } from './plans/edst.ts';
import type { Phase, Plan } from './plans/plan.ts';
import { rigl } from './rewiring.ts';
import { type Due, whenToRewire } from './when-to-rewire.ts';

/** Every rewiring of a plan, by step. */
function calendar(plan: Plan, stepsPerEpoch: number): Map<number, Due> {
  const found = new Map<number, Due>();
  let step = 0;
  for (const phase of plan.phases) {
    for (let inPhase = 1; inPhase <= phase.epochs * stepsPerEpoch; inPhase++) {
      const due = whenToRewire(phase, ++step, inPhase, stepsPerEpoch);
      if (due) found.set(step, due);
    }
  }
  return found;
}

describe('whenToRewire', () => {
  const phase: Phase = { name: 'one', epochs: 3, learningRate: 0.1, rewiring: rigl({ every: 3 }) };

  it('rewires at multiples of the interval, but not at the last step of a phase', () => {
    const steps = Array.from({ length: 12 }, (_, i) => i + 1);
    expect(steps.filter((step) => whenToRewire(phase, step, step, 4))).toEqual([3, 6, 9]);
  });

  it('counts steps over the whole plan', () => {
    expect(whenToRewire(phase, 15, 3, 4)?.cause).toBe('interval');
    expect(whenToRewire(phase, 16, 3, 4)).toBeUndefined();
  });

  it('stops after `until`', () => {
    const stopping = { ...phase, rewiring: rigl({ every: 3, until: 6 }) };
    expect([3, 6, 9].map((step) => whenToRewire(stopping, step, step, 4)?.cause)).toEqual(['interval', 'interval', undefined]);
  });

  it('escapes at the first step, in place of an ordinary rewiring', () => {
    const escaping = { ...phase, escape: 0.8 };
    expect(whenToRewire(escaping, 13, 1, 4)).toMatchObject({ cause: 'escape', fraction: 0.8, update: true });
    expect(whenToRewire(escaping, 15, 1, 4)).toMatchObject({ cause: 'escape', fraction: 0.8, update: true });
    expect(whenToRewire(escaping, 15, 3, 4)).toMatchObject({ cause: 'interval', fraction: 0.5, update: true });
  });

  it('skips the update where the rewiring replaces it', () => {
    const replacing: Phase = { ...phase, rewiring: rigl({ every: 3, on: 'instead-of-update' }) };
    expect(whenToRewire(replacing, 3, 3, 4)?.update).toBe(false);
  });

  it('never rewires what is frozen', () => {
    expect(calendar({ ...dst({ tickets: 1, sparsity: 0.8, epochs: 4 })[0]!, phases: [{ ...phase, rewiring: 'frozen' }] }, 1000).size).toBe(
      0,
    );
  });

  it('gives DST on CIFAR, 250 epochs of 352 steps, 87 rewirings with the shares of the cosine', () => {
    const found = calendar(dst({ tickets: 1, sparsity: 0.8, epochs: 250 })[0]!, 352);
    expect(found.size).toBe(87); // 88 multiples of 1000, less the last step of the run
    expect(found.get(1000)!.fraction).toBeCloseTo(0.499842, 6);
    expect(found.get(22_000)!.fraction).toBeCloseTo(0.427509, 6);
    expect(found.get(44_000)!.fraction).toBeCloseTo(0.2525, 6);
    expect(found.get(66_000)!.fraction).toBeCloseTo(0.077491, 6);
    expect(found.has(88_000)).toBe(false);
  });

  it('gives EDST with three tickets 157 rewirings and two escapes, at the first steps of epochs 251 and 351', () => {
    const found = calendar(edst({ tickets: 3, sparsity: 0.8, exploreEpochs: 150, refineEpochs: 100 }), 352);
    const escapes = [...found].filter(([, { cause }]) => cause === 'escape').map(([step]) => step);
    expect(escapes).toEqual([250 * 352 + 1, 350 * 352 + 1]);
    expect(found.size).toBe(157 + 2); // 158 multiples of 1000, less step 88 000, the last of refine 1
  });
});
