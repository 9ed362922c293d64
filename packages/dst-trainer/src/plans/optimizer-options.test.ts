import { describe, expect, it } from 'vitest';
import { dst } from './dst.ts';
import { type OptimizerOptions, optimizerOf } from './optimizer-options.ts';

const RUN = { tickets: 1, sparsity: 0.5, epochs: 4 };

describe('optimizerOf', () => {
  it.each<[OptimizerOptions, object]>([
    [{}, { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 }],
    [
      { momentum: 0.5, nesterov: true, weightDecay: 0 },
      { kind: 'sgd', momentum: 0.5, nesterov: true, weightDecay: 0 },
    ],
    [{ optimizer: 'adamw' }, { kind: 'adamw', weightDecay: 0.01 }],
    [
      { optimizer: 'adamw', beta1: 0.8, beta2: 0.95, weightDecay: 0.1 },
      { kind: 'adamw', beta1: 0.8, beta2: 0.95, weightDecay: 0.1 },
    ],
    [
      { decays: 'weights', clipNorm: 2 },
      { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4, decays: ['weight'], clipNorm: 2 },
    ],
  ])('%j', (options, expected) => expect(optimizerOf('dst', options)).toEqual(expected));

  it.each<[OptimizerOptions, string]>([
    [{ momentum: 1 }, 'dst: momentum: expected a number from 0 to below 1, received 1'],
    [{ momentum: 0, nesterov: true }, 'dst: nesterov: expected false beside a momentum of 0'],
    [{ beta1: 0.9 }, 'dst: beta1: expected no value, because only the optimizer adamw reads it, received 0.9'],
    [{ optimizer: 'adamw', momentum: 0.9 }, 'dst: momentum: expected no value, because only the optimizer sgd'],
    [{ optimizer: 'adamw', nesterov: true }, 'dst: nesterov: expected no value'],
    [{ optimizer: 'adamw', beta2: 1 }, 'dst: beta2: expected a number from 0 to below 1'],
    [{ clipNorm: 0 }, 'dst: clipNorm: expected a number above 0'],
    [{ weightDecay: -1 }, 'dst: weightDecay: expected a finite number of at least 0'],
  ])('refuses %j', (options, message) => expect(() => optimizerOf('dst', options)).toThrow(message));
});

describe('plans', () => {
  it('carry optimizer and loss, and start adamw at a hundredth of the rate', () => {
    const [plan] = dst({ ...RUN, optimizer: 'adamw', labelSmoothing: 0.1 });
    expect(plan).toMatchObject({ optimizer: { kind: 'adamw' }, loss: { labelSmoothing: 0.1 } });
    expect(plan!.phases[0]!.learningRate).toMatchObject({ start: 0.001 });
    expect(dst(RUN)[0]).not.toHaveProperty('loss');
  });

  it('refuse a label smoothing of 1', () => {
    expect(() => dst({ ...RUN, labelSmoothing: 1 })).toThrow('dst: labelSmoothing: expected a number from 0 to below 1, received 1');
  });
});
