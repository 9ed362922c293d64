import { describe, expect, it } from 'vitest';
import type { Phase } from './plans/plan.ts';
import { rigl } from './rewiring.ts';
import { whenToRewire } from './when-to-rewire.ts';

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
    expect(whenToRewire({ ...phase, rewiring: 'frozen' }, 3, 3, 4)).toBeUndefined();
  });
});
