import { describe, expect, it } from 'vitest';
import { resolveExperiment } from './experiment.ts';
import type { Flags } from './experiment-fields.ts';
import { passesOf, plansOf, settled, ticketsOf } from './plans.ts';

const refusal = (flags: Flags): string => {
  try {
    resolveExperiment(flags);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('members that share a network, in an experiment', () => {
  it.each([
    [{ method: 'mimo', batchSize: '127' }, '--batch-size: expected a multiple of 4, how often the method mimo has each picture in a batch'],
    [{ method: 'mimo', batchSize: '128', batchRepetitions: '3' }, '--batch-size: expected a multiple of 3, how often the method mimo'],
    [
      { method: 'batch-ensemble', tickets: '3' },
      '--batch-size: expected a multiple of 3, the tickets, for each of which the method batch-ensemble',
    ],
    [{ method: 'mimo', mixup: '0.2' }, '--mixup: expected no value, because the method mimo has a picture for each ticket'],
    [
      { method: 'treenet', from: 'ticket.safetensors' },
      '--from: expected no ticket, because the members of the method treenet share a network',
    ],
    [{ method: 'edst', base: 'dst' }, '--base: expected no value, because only the methods mc-dropout, batch-ensemble, mimo, treenet'],
    [{ method: 'treenet', passes: '3' }, '--passes: expected no value, because only the method mc-dropout would read it'],
    [{ method: 'mimo', ownStages: '3' }, '--own-stages: expected no value, because only the method treenet'],
    [{ method: 'mimo', deathRate: 'cosine' }, '--death-rate: expected no value'],
    [{ method: 'mimo', structure: 'fan-in' }, '--structure: expected no value, because the method mimo has no dead weight'],
  ] as const)('%o is refused by a sentence that names both sides', (flags, message) => {
    expect(refusal(flags)).toContain(message);
  });
  it('a sparse base takes what belongs to rewiring', () => {
    const e = resolveExperiment({ method: 'mimo', base: 'dst', deathRate: 'constant', structure: 'fan-in' });
    expect(plansOf(e)).toMatchObject([{ method: 'mimo', sparsity: 0.9, structure: { kind: 'fan-in' } }]);
  });
  it('counts tickets, passes and steps', () => {
    const of = (flags: Flags) => {
      const e = resolveExperiment({ batchSize: '120', ...flags });
      // Three epochs of steps of 12 000 pictures: 100 an epoch, times the rows of a picture.
      return [ticketsOf(plansOf(e)), passesOf(plansOf(e)), settled(e, 12_000).rewireEvery];
    };
    expect(of({ method: 'mc-dropout', passes: '5' })).toEqual([1, 5, 300]);
    expect(of({ method: 'batch-ensemble', tickets: '2' })).toEqual([2, undefined, 600]);
    expect(of({ method: 'mimo', batchRepetitions: '3' })).toEqual([1, undefined, 900]);
    expect(of({ method: 'treenet' })).toEqual([1, undefined, 300]);
  });
});
