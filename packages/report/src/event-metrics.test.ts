import { describe, expect, it } from 'vitest';
import { metricsOf } from './event-metrics.ts';

describe('metricsOf', () => {
  it('names what an epoch measured, and nothing that it did not', () => {
    const epoch = { type: 'epoch', member: 0, epoch: 1, step: 17, loss: 0.5, accuracy: 0.75, learningRate: 0.1 } as const;
    expect(metricsOf(epoch)).toEqual([
      { name: 'loss/training', value: 0.5 },
      { name: 'accuracy/training', value: 0.75 },
      { name: 'learning_rate', value: 0.1 },
    ]);
    expect(metricsOf({ ...epoch, validLoss: 0.6, validAccuracy: 0.7 }).map(({ name }) => name)).toEqual([
      'loss/training',
      'loss/validation',
      'accuracy/training',
      'accuracy/validation',
      'learning_rate',
    ]);
  });

  it('has the share of all live weights that a rewiring moved', () => {
    const layers = [
      { param: 'fc1.weight', live: 30, size: 100, changed: 10 },
      { param: 'fc2.weight', live: 10, size: 20, changed: 0 },
    ];
    const rewiring = { type: 'rewired', member: 0, step: 3, cause: 'interval', fraction: 0.5, exploration: 0.4, layers } as const;
    expect(metricsOf(rewiring)).toEqual([
      { name: 'rewiring/fraction', value: 0.5 },
      { name: 'rewiring/moved', value: 0.25 },
      { name: 'rewiring/exploration', value: 0.4 },
      { name: 'density/fc1.weight', value: 0.3 },
      { name: 'density/fc2.weight', value: 0.5 },
    ]);
  });
});
