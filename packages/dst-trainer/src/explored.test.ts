import { applyDelta, network, rng, type Topology } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { explored } from './explored.ts';
import { rewireLayer } from './rewire-layer.ts';
import { magnitude } from './rules/magnitude.ts';
import { random } from './rules/random.ts';

const oneLayer = (inputs: number, out: number, dense?: true) =>
  network({
    version: 1,
    name: 'one',
    input: { shape: [inputs] },
    nodes: [{ id: 'fc', op: 'linear', from: ['input'], out, bias: false, ...(dense && { dense }) }],
    output: 'fc',
  });

const none = new Uint32Array(0);

describe('explored', () => {
  it('counts a weight once, however often it dies and returns', () => {
    const topology: Topology = new Map([['fc.weight', { shape: [2, 5], live: Uint32Array.of(0, 9) }]]);
    const seen = explored(oneLayer(5, 2), topology);
    expect(seen.rate()).toBe(0.2);
    seen.add({ param: 'fc.weight', dropped: Uint32Array.of(0), grown: Uint32Array.of(8) });
    expect(seen.rate()).toBe(0.3);
    seen.add({ param: 'fc.weight', dropped: Uint32Array.of(8), grown: Uint32Array.of(0) });
    expect(seen.rate()).toBe(0.3);
    seen.add({ param: 'fc.weight', dropped: none, grown: none });
    expect(seen.rate()).toBe(0.3);
  });

  it('counts a weight that is dense by choice of the distribution as tried, and one the spec declares dense not at all', () => {
    expect(explored(oneLayer(5, 2), new Map()).rate()).toBe(1);
    expect(explored(oneLayer(5, 2, true), new Map()).rate()).toBe(1);
  });

  it('counts a dense weight that becomes sparse as tried everywhere, now and after a resumption', () => {
    const seen = explored(oneLayer(5, 2), new Map());
    seen.add({ param: 'fc.weight', dropped: Uint32Array.of(0, 3), grown: none });
    expect(seen.rate()).toBe(1);
    expect([...seen.bitsOf('fc.weight')!]).toEqual([0b11111111, 0b11]);
    const later: Topology = new Map([['fc.weight', { shape: [2, 5], live: Uint32Array.of(6, 7) }]]);
    expect(explored(oneLayer(5, 2), later, seen.fired()).rate()).toBe(1);
  });

  it('goes on from what an earlier part of the run had tried', () => {
    const before: Topology = new Map([['fc.weight', { shape: [2, 5], live: Uint32Array.of(0, 1) }]]);
    const first = explored(oneLayer(5, 2), before);
    first.add({ param: 'fc.weight', dropped: Uint32Array.of(0, 1), grown: Uint32Array.of(6, 7) });
    const later: Topology = new Map([['fc.weight', { shape: [2, 5], live: Uint32Array.of(6, 7) }]]);
    expect(explored(oneLayer(5, 2), later, first.fired()).rate()).toBe(0.4);
    expect(explored(oneLayer(5, 2), later).rate()).toBe(0.2);
  });

  // 1 - (1 - d) (1 - p d / (1 - d + p d))^u, written out for p = 0.5: the table of the method's description.
  it.each([
    [
      0.2,
      [
        [1, 0.2889],
        [10, 0.7536],
        [52, 0.9982],
        [88, 0.99997],
      ],
    ],
    [
      0.1,
      [
        [1, 0.1474],
        [10, 0.4759],
        [52, 0.9459],
        [88, 0.9923],
      ],
    ],
  ] as const)('acceptance 6: grows with random growth as the formula says, density %d', (density, table) => {
    const size = 20_000;
    const net = oneLayer(200, 100);
    const draws = rng(5).stream('explored', density);
    let live = draws.sample(size, size * density);
    const seen = explored(net, new Map([['fc.weight', { shape: [100, 200], live }]]));
    let last = seen.rate();
    const rates = new Map<number, number>();
    for (let update = 1; update <= 88; update++) {
      const layer = { param: 'fc.weight', shape: [100, 200], live } as const;
      const view = { ...layer, values: Float32Array.from(live, () => draws.normal()), signals: {}, random: () => draws.uniform() };
      const delta = rewireLayer(view, Math.ceil(0.5 * live.length), magnitude(), random());
      live = applyDelta(layer, delta).live;
      seen.add(delta);
      expect(seen.rate()).toBeGreaterThanOrEqual(last);
      last = seen.rate();
      rates.set(update, last);
    }
    for (const [updates, expected] of table) {
      // Drawing without replacement varies less than a binomial; half a unit of the table's last digit is added for its rounding.
      const deviation = Math.sqrt((expected * (1 - expected)) / size);
      expect(Math.abs(rates.get(updates)! - expected), `${updates} updates`).toBeLessThan(3 * deviation + 5e-5);
    }
  });
});
