import { describe, expect, it } from 'vitest';
import { erkPlus } from './distribution-plus.ts';
import { lenet300 } from './models/multilayer.ts';
import { network } from './network.ts';

const net = network(lenet300()); // fc1 235 200, fc2 30 000, fc3 1000: 266 200 in all

describe('erkPlus', () => {
  it('gives the classifier its density and makes the others pay for it', () => {
    // 26 620 live in all. fc3 has 200; the 26 420 left go by sums of dimensions 1084 : 400.
    const counts = erkPlus({ density: 0.2 })(net, 0.9);
    expect(counts.get('fc3.weight')).toBe(200);
    expect(Math.abs(counts.get('fc1.weight')! - (26_420 * 1084) / 1484)).toBeLessThan(1);
    expect([...counts.values()].reduce((a, b) => a + b)).toBe(26_620);
    expect([...counts.keys()]).toEqual(['fc1.weight', 'fc2.weight', 'fc3.weight']);
  });

  it('has a dense classifier by default, and takes another layer for it by name', () => {
    expect(erkPlus()(net, 0.9).get('fc3.weight')).toBe(1000);
    expect(erkPlus({ density: 0.5, classifier: 'fc2.weight' })(net, 0.9).get('fc2.weight')).toBe(15_000);
  });

  it('is dense at sparsity 0', () => {
    expect([...erkPlus({ density: 0.5 })(net, 0).values()]).toEqual([235_200, 30_000, 1000]);
  });

  it.each([
    [{ density: 1, classifier: 'fc1.weight' }, 0.9, 'density: expected a density of fc1.weight that leaves 1 to 31000 live weights'],
    [{ density: 0, classifier: 'fc1.weight' }, 0.1, 'density: expected a density of fc1.weight that leaves'],
    [{ density: 1.5 }, 0.9, 'density: expected a density from 0 to 1, received 1.5'],
    [{ classifier: 'fc3.bias' }, 0.9, 'classifier: expected one of fc1.weight, fc2.weight, fc3.weight, received "fc3.bias"'],
    [{}, 1, 'sparsity: expected a number in [0, 1), received 1'],
  ] as const)('%j at sparsity %d: %s', (options, sparsity, message) => {
    expect(() => erkPlus(options)(net, sparsity)).toThrow(message);
  });
});
