import { erk, lenet5, lenet300, network } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { layerOf } from '../test/layer.ts';
import { leavingOf } from './rewire-layer.ts';
import { gradient } from './rules/gradient.ts';
import { magnitude } from './rules/magnitude.ts';
import { checkStructure, structuredCounts, structuredTopology } from './structure.ts';
import { structuredGrowth } from './structured-growth.ts';

const lenet = network(lenet300());
const conv = network(lenet5());

describe('structured topologies', () => {
  it('a constant fan-in is the count per unit, rounded, and the layers are filled so', () => {
    // 18714 / 300 = 62.38 -> 62, 6906 / 100 = 69.06 -> 69, 1000 / 10 = all 100
    const counts = structuredCounts(erk(), { kind: 'fan-in' })(lenet, 0.9);
    expect([...counts.values()]).toEqual([300 * 62, 100 * 69, 1000]);
    const topology = structuredTopology(lenet, counts, { kind: 'fan-in' }, 3);
    expect([...topology.keys()]).toEqual(['fc1.weight', 'fc2.weight']);
    const perUnit = new Map<number, number>();
    for (const at of topology.get('fc1.weight')!.live) perUnit.set(Math.floor(at / 784), (perUnit.get(Math.floor(at / 784)) ?? 0) + 1);
    expect([...perUnit.values()]).toEqual(new Array(300).fill(62));
  });

  it('a unit never has less than one input nor more than all', () => {
    expect([...structuredCounts(erk(), { kind: 'fan-in' })(lenet, 0.9999).values()].every((count) => count >= 10)).toBe(true);
    expect([...structuredCounts(erk(), { kind: 'fan-in' })(lenet, 0).values()]).toEqual([235_200, 30_000, 1000]);
  });

  it('2:4 halves layers whose units have whole runs of four inputs, and leaves the others dense', () => {
    // conv1 (20, 1, 5, 5) has 25 inputs a unit; conv2 500, fc1 800, fc2 500.
    const structure = { kind: 'n-of-m', live: 2, of: 4 } as const;
    const counts = structuredCounts(erk(), structure)(conv, 0.5);
    expect([...counts.values()]).toEqual([500, 12_500, 200_000, 2500]);
    const topology = structuredTopology(conv, counts, structure, 1);
    expect(topology.has('conv1.weight')).toBe(false);
    const { live } = topology.get('conv2.weight')!;
    expect(Array.from(live, (at) => Math.floor(at / 4))).toEqual(Array.from({ length: 12_500 }, (_, k) => Math.floor(k / 2)));
    expect(structuredTopology(conv, counts, structure, 1)).toEqual(topology);
    expect(structuredTopology(conv, counts, structure, 2)).not.toEqual(topology);
  });

  it.each([
    [{ kind: 'n-of-m', live: 4, of: 4 }, 'plan.structure.live: expected a whole number from 1 to 3, received 4'],
    [{ kind: 'n-of-m', live: 1, of: 1.5 }, 'plan.structure.of: expected a whole number of at least 2, received 1.5'],
    [{ kind: 'fan-in', ablate: 2 }, 'plan.structure.ablate: expected a share from 0 to 1, received 2'],
  ] as const)('%j is refused', (structure, message) => {
    expect(() => checkStructure(structure, 'plan.structure')).toThrow(message);
  });
});

describe('growth under a structure', () => {
  // Three units of four inputs, two live each.
  //               unit 0               unit 1              unit 2
  const weights = [0.9, 0.8, 0.0, 0.0, 0.1, 0.2, 0.0, 0.0, 0.7, 0.0, 0.3, 0.0];
  const mask /**/ = [1, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1, 0];
  const slopes = [0.0, 0.0, 0.9, 0.8, 0.0, 0.3, 0.1, 0.2, 0.0, 0.7, 0.0, 0.6];
  const layer = layerOf({ shape: [3, 4], weights, mask, gradient: slopes });
  const leaving = leavingOf(layer, 3, magnitude()); // .1 and .2 of unit 1, .3 of unit 2
  const grown = (structure: Parameters<typeof structuredGrowth>[3], mayAblate = true) => {
    const change = structuredGrowth(layer, leaving, gradient(), structure, mayAblate);
    return [[...change.leaving], [...change.coming]];
  };

  it('each unit gets back what it lost, where its own gradient is largest', () => {
    expect(grown({ kind: 'fan-in' })).toEqual([
      [4, 5, 10],
      [5, 7, 9], // unit 1: .3 and .2; unit 2: .7
    ]);
  });

  it('so does each run of two', () => {
    // Runs: 0 1 | 2 3 | 4 5 | 6 7 | 8 9 | 10 11: two, none, two, none, one, one before.
    expect(grown({ kind: 'n-of-m', live: 1, of: 2 })).toEqual([
      [4, 5, 10],
      [4, 5, 11],
    ]);
  });

  it('a unit of little worth is given up and its weights go to the others', () => {
    // Kept: 2, 0, 1. The three largest gradients: .9 and .8 of unit 0, .7 of unit 2. Worth 4, 0, 2; fan-in 2.
    // Unit 1 goes: 6 weights over 2 units are 3 each. Unit 0 gets .9, unit 2 gets .7 and .6.
    expect(grown({ kind: 'fan-in', ablate: 0.5 })).toEqual([
      [4, 5, 10],
      [2, 9, 11],
    ]);
  });

  it('the units that stay share the budget of the layer, whatever is left of it', () => {
    // Two units stay; of a budget of 8 each has all of its four inputs.
    const { leaving: all, coming } = structuredGrowth(layer, leaving, gradient(), { kind: 'fan-in', ablate: 0.5 }, true, 8);
    expect([[...all], [...coming]]).toEqual([
      [4, 5, 10],
      [2, 3, 9, 10, 11],
    ]);
  });

  it('a unit that is given up loses what the drop left it', () => {
    // Worth 4, 0, 2 of a fan-in of 2: with a share of 1 units 0 and 2 just stay; after another drop, of 8 and 10, unit 2 has 0 + 1.
    const other = structuredGrowth(layer, Uint32Array.of(4, 8, 10), gradient(), { kind: 'fan-in', ablate: 1 }, true);
    // Kept 2, 1, 0; the best three gradients .9 .8 (unit 0) and .7 (unit 2): worth 4, 1, 1. Only unit 0 stays: 6 weights, room for 4.
    expect([[...other.leaving], [...other.coming]]).toEqual([
      [4, 5, 8, 10],
      [2, 3],
    ]);
  });

  it('classes are never given up, and the worthiest unit never is', () => {
    expect(grown({ kind: 'fan-in', ablate: 0.5 }, false)).toEqual(grown({ kind: 'fan-in' }));
    const poor = layerOf({ shape: [2, 2], weights: [1, 0, 2, 0], mask: [1, 0, 1, 0], gradient: [0, 1, 0, 2] });
    const { coming } = structuredGrowth(poor, Uint32Array.of(0, 2), gradient(), { kind: 'fan-in', ablate: 1 }, true);
    // Worth 0 + 1 and 0 + 1 of a fan-in of 1: both stay.
    expect([...coming]).toEqual([1, 3]);
  });

  it('a unit that has been given up stays without weights', () => {
    const gone = layerOf({ shape: [2, 2], weights: [1, 0, 0, 0], mask: [1, 0, 0, 0], gradient: [0, 1, 9, 9] });
    expect([...structuredGrowth(gone, Uint32Array.of(0), gradient(), { kind: 'fan-in', ablate: 0.3 }, true).coming]).toEqual([1]);
  });
});
