import { describe, expect, it } from 'vitest';
import { lenet300 } from './models/multilayer.ts';
import { network } from './network.ts';
import { applyDelta, coinTopology, randomTopology, traceDelta } from './topology.ts';

const net = network(lenet300());

describe('randomTopology', () => {
  it('draws exactly the counts, strictly increasing and in range', () => {
    const topology = randomTopology(net, new Map([['fc1.weight', 1234] as const, ['fc2.weight', 0] as const]), 1);
    const { live, shape } = topology.get('fc1.weight')!;
    expect(shape).toEqual([300, 784]);
    expect(live.length).toBe(1234);
    expect(live.every((position, k) => position < 235_200 && (k === 0 || position > live[k - 1]!))).toBe(true);
    expect(topology.get('fc2.weight')!.live.length).toBe(0);
    expect(topology.has('fc3.weight')).toBe(false);
  });

  it('leaves out weights that are whole', () => {
    expect(randomTopology(net, new Map([['fc3.weight', 1000]]), 1).size).toBe(0);
  });

  it('is a function of the seed, layer by layer', () => {
    const counts = new Map([['fc2.weight', 500]] as const);
    const both = new Map([['fc1.weight', 9] as const, ['fc2.weight', 500] as const]);
    expect(randomTopology(net, both, 1).get('fc2.weight')).toEqual(randomTopology(net, counts, 1).get('fc2.weight'));
    expect(randomTopology(net, counts, 2).get('fc2.weight')).not.toEqual(randomTopology(net, counts, 1).get('fc2.weight'));
  });

  it.each([
    ['fc1.bias', 3, /fc1.bias: expected a weight that may be sparse, received "a dense one"/],
    ['fc9.weight', 3, /fc9.weight: .* received "no such parameter"/],
    ['fc3.weight', 1001, /a live count from 0 to 1000, received 1001/],
    ['fc3.weight', -1, /received -1/],
    ['fc3.weight', 1.5, /received 1.5/],
  ] as const)('refuses %s with %d live', (param, count, message) => {
    expect(() => randomTopology(net, new Map([[param, count]]), 1)).toThrow(message);
  });
});

describe('coinTopology', () => {
  const counts = new Map([['fc1.weight', 23_520] as const, ['fc2.weight', 15_000] as const, ['fc3.weight', 1000] as const]);

  it('has the counts on average: within 5 standard deviations of a binomial, and not exactly', () => {
    const found = [1, 2, 3].map((seed) => coinTopology(net, counts, seed));
    for (const topology of found) {
      expect(Math.abs(topology.get('fc1.weight')!.live.length - 23_520)).toBeLessThan(5 * Math.sqrt(235_200 * 0.1 * 0.9));
      expect(Math.abs(topology.get('fc2.weight')!.live.length - 15_000)).toBeLessThan(5 * Math.sqrt(30_000 * 0.5 * 0.5));
      expect(topology.has('fc3.weight')).toBe(false);
    }
    expect(new Set(found.map((topology) => topology.get('fc1.weight')!.live.length)).size).toBeGreaterThan(1);
  });

  it('is a function of the seed', () => {
    expect(coinTopology(net, counts, 4)).toEqual(coinTopology(net, counts, 4));
  });
});

describe('applyDelta', () => {
  const layer = { shape: [2, 5], live: Uint32Array.of(1, 3, 4, 8) };
  const apply = (dropped: number[], grown: number[]) =>
    applyDelta(layer, { param: 'fc.weight', dropped: Uint32Array.from(dropped), grown: Uint32Array.from(grown) });

  it('drops and grows, and leaves the old arrays alone', () => {
    expect([...apply([3, 8], [0, 9]).live]).toEqual([0, 1, 4, 9]);
    expect([...apply([], []).live]).toEqual([1, 3, 4, 8]);
    expect([...layer.live]).toEqual([1, 3, 4, 8]);
    expect(apply([1], [2]).shape).toEqual([2, 5]);
  });

  it('says which number every live position had, and whether its lists are sorted or not', () => {
    // before: 1 3 4 8; after: 0 1 4 9, of which 0 and 9 are new
    const delta = { param: 'fc.weight', dropped: Uint32Array.of(8, 3), grown: Uint32Array.of(9, 0) } as const;
    const { after, from } = traceDelta(layer, delta);
    expect([...after.live]).toEqual([0, 1, 4, 9]);
    expect([...from]).toEqual([4, 0, 2, 4]);
  });

  it.each<[string, number[], number[], RegExp]>([
    ['drop a dead position', [2], [0], /fc.weight: dropped: expected live positions only/],
    ['grow a live position', [1], [3], /fc.weight: grown: expected dead positions, each once, received 3/],
    ['grow a position twice', [1, 3], [0, 0], /fc.weight: grown: expected dead positions, each once, received 0/],
    ['grow outside the shape', [1], [10], /fc.weight: grown: expected positions below 10, received 10/],
  ])('refuses to %s', (_, dropped, grown, message) => {
    expect(() => apply(dropped, grown)).toThrow(message);
  });
});
