import { applyDelta, rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { rewireLayer } from './rewire-layer.ts';
import { gradient } from './rules/gradient.ts';
import { magnitude } from './rules/magnitude.ts';
import { random } from './rules/random.ts';
import type { GrowRule, LayerView } from './rules/rule.ts';
import { marksAtLeast } from './select.ts';

/** A layer of one row from a dense weight list, a mask and a gradient, as the tables below are drawn. */
function layer(weights: number[], mask: number[], gradients: number[]): LayerView {
  const live = Uint32Array.from(mask.flatMap((alive, position) => (alive ? [position] : [])));
  return {
    param: 'fc.weight',
    shape: [1, mask.length],
    live,
    values: Float32Array.from(live, (position) => weights[position]!),
    signals: { gradient: Float32Array.from(gradients) },
    random: () => 0.5,
  };
}

const lists = (delta: { dropped: Uint32Array; grown: Uint32Array }) => [[...delta.dropped], [...delta.grown]];

describe('rewireLayer', () => {
  it('rewires the worked example as on paper', () => {
    // position        0     1    2    3     4     5     6    7   8     9
    const weights = [0.5, -0.1, 0.0, 0.3, -0.2, 0.0, 0.05, 0.0, 0.4, -0.6];
    const mask /**/ = [1, 1, 0, 1, 1, 0, 1, 0, 1, 1]; // 7 live, half of them rounded up is 4
    const slopes = [0.7, -0.9, 0.2, -0.6, 0.8, 0.05, 0.01, 0.3, 0.0, -0.1];
    // smallest |w|:       6 (.05)  1 (.1)  4 (.2)  3 (.3)            go; dead now: 1 2 3 4 5 6 7
    // largest |slope|:    1 (.9)   4 (.8)  3 (.6)  7 (.3)            come; 1, 3 and 4 only return, with their values
    const view = layer(weights, mask, slopes);
    const delta = rewireLayer(view, Math.ceil(0.5 * view.live.length), magnitude(), gradient());
    expect(lists(delta)).toEqual([[6], [7]]);
    expect([...applyDelta(view, delta).live]).toEqual([0, 1, 3, 4, 7, 8, 9]);
  });

  it('drops exactly as many as asked among ties, lower position first', () => {
    //              0    1    2    3    4    5
    const view = layer([0.2, 0.2, 0.2, 0.5, 0, 0], [1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 1, 2]);
    const delta = rewireLayer(view, Math.ceil(0.5 * 4), magnitude(), gradient());
    expect(lists(delta)).toEqual([
      [0, 1],
      [4, 5],
    ]);
  });

  it('acceptance 5: grows a planted large gradient, whatever its sign', () => {
    const view = layer([1, 2, 0, 0, 0], [1, 1, 0, 0, 0], [0.1, 0.1, 0.2, -9, 0.2]);
    expect(lists(rewireLayer(view, 1, magnitude(), gradient()))).toEqual([[0], [3]]);
  });

  it('acceptance 5: grows the lowest dead positions when all gradients are 0', () => {
    //                   0  1  2  3  4  5
    const view = layer([0, 0, 3, 0, 1, 2], [0, 0, 1, 0, 1, 1], [0, 0, 0, 0, 0, 0]);
    expect(lists(rewireLayer(view, 2, magnitude(), gradient()))).toEqual([
      [4, 5],
      [0, 1],
    ]);
  });

  it('asks for marks of the gradient where the scores are the gradient itself, and only there', () => {
    const size = 40_000;
    const slopes = Float32Array.from({ length: size }, (_, i) => Math.sin(i) * i);
    const live = Uint32Array.from({ length: 1000 }, (_, i) => 40 * i);
    const view: LayerView = {
      param: 'fc.weight',
      shape: [size],
      live,
      values: Float32Array.from(live, Math.sin),
      signals: { gradient: slopes },
      random: () => 0.5,
    };
    let asked = 0;
    const gradientMarks = (least: number) => {
      asked++;
      return marksAtLeast(slopes, least);
    };
    const marked = { ...view, signals: { gradient: slopes, gradientMarks } };
    expect(rewireLayer(marked, 300, magnitude(), gradient())).toEqual(rewireLayer(view, 300, magnitude(), gradient()));
    expect(asked).toBe(1);
    const negative: GrowRule = { ...gradient(), score: () => slopes.map((slope) => 1 / slope) };
    expect(rewireLayer(marked, 300, magnitude(), negative)).toEqual(rewireLayer(view, 300, magnitude(), negative));
    expect(asked).toBe(1);
  });

  it('never takes a live position as a candidate, however large its gradient', () => {
    const view = layer([5, 4, 0, 0], [1, 1, 0, 0], [100, 100, 0, 0.1]);
    expect(lists(rewireLayer(view, 1, magnitude(), gradient()))).toEqual([[], []]); // 1 goes, and returns at once
    expect(lists(rewireLayer(view, 0, magnitude(), gradient()))).toEqual([[], []]);
  });

  it('regrows the just dropped when nothing else is dead enough', () => {
    const view = layer([1, 2, 3, 0], [1, 1, 1, 0], [0, 0, 0, 0]);
    // all three go; candidates 0 1 2 3 tie at 0, the three lowest come: nothing changes
    expect(lists(rewireLayer(view, 3, magnitude(), gradient()))).toEqual([[], []]);
  });

  it('compares in float32: 0.1 and 0.1 + 1e-9 are a tie', () => {
    const view = layer([0.1 + 1e-9, 0.1, 0], [1, 1, 0], [0, 0, 1]);
    expect(lists(rewireLayer(view, 1, magnitude(), gradient()))).toEqual([[0], [2]]);
  });

  it('says which rule scored the wrong number of weights, and which count cannot be', () => {
    const short: GrowRule = { kind: 'short', needs: [], score: () => new Float32Array(2) };
    const view = layer([1, 2, 0], [1, 1, 0], [0, 0, 0]);
    expect(() => rewireLayer(view, 1, magnitude(), short)).toThrow('fc.weight: rule short: expected 3 scores, received 2');
    expect(() => rewireLayer(view, 3, magnitude(), gradient())).toThrow(
      'fc.weight: count: expected a whole number from 0 to 2, received 3',
    );
    expect(() => rewireLayer({ ...view, signals: {} }, 1, magnitude(), gradient())).toThrow(
      'fc.weight: signals.gradient: expected the dense gradient',
    );
  });
});

describe.each([
  ['random growth', random()],
  ['gradient growth', gradient()],
])('1000 updates with %s', (_, grow) => {
  it('keep the live count, drop only live weights, grow only dead ones, and match a sort', () => {
    const draws = rng(7).stream('property');
    const size = 48;
    let live = draws.sample(size, 11);
    for (let update = 1; update <= 1000; update++) {
      // Few distinct values, so that ties are common.
      const view: LayerView = {
        param: 'fc.weight',
        shape: [6, 8],
        live,
        values: Float32Array.from(live, () => draws.below(7) - 3),
        signals: { gradient: Float32Array.from({ length: size }, () => draws.below(5) - 2) },
        random: draws.uniform.bind(draws),
      };
      const count = draws.below(live.length + 1);
      const delta = rewireLayer(view, count, magnitude(), grow);
      const before = new Set(live);
      expect(delta.dropped.every((position) => before.has(position))).toBe(true);
      expect(delta.grown.every((position) => !before.has(position) && position < size)).toBe(true);
      expect(delta.dropped.length).toBe(delta.grown.length);
      const after = applyDelta(view, delta).live;
      expect(after.length).toBe(11);
      expect(new Set(after).size).toBe(11);
      if (grow.kind === 'gradient') expect([...after]).toEqual(bySorting(view, count));
      live = after;
    }
  });
});

/** The update written with plain sorts over dense lists. */
function bySorting(view: LayerView, count: number): number[] {
  const weight = new Map(Array.from(view.live, (position, i) => [position, Math.abs(view.values[i]!)]));
  const order = [...view.live].sort((a, b) => weight.get(a)! - weight.get(b)! || a - b);
  const kept = order.slice(count);
  const slope = view.signals.gradient!;
  const dead = Array.from(slope, (_, i) => i).filter((position) => !kept.includes(position));
  dead.sort((a, b) => Math.abs(slope[b]!) - Math.abs(slope[a]!) || a - b);
  return [...kept, ...dead.slice(0, count)].sort((a, b) => a - b);
}

it('random growth gives every dead position the same chance', () => {
  // 4 of 20 live, 2 go, 18 candidates of which 2 come: each with chance 1/9.
  const rounds = 2700;
  const hits = new Float64Array(20);
  const draws = rng(11).stream('chance');
  const live = Uint32Array.of(0, 1, 2, 3);
  for (let round = 0; round < rounds; round++) {
    const view: LayerView = {
      param: 'fc.weight',
      shape: [20],
      live,
      values: Float32Array.of(1, 2, 3, 4),
      signals: {},
      random: draws.uniform.bind(draws),
    };
    for (const position of applyDelta(view, rewireLayer(view, 2, magnitude(), random())).live) hits[position]!++;
  }
  const expected = rounds / 9;
  const bound = 4.5 * Math.sqrt((expected * 8) / 9); // 4.5 standard deviations of a binomial count, for 18 positions at once
  for (const position of [0, 1, ...Array.from({ length: 16 }, (_, i) => i + 4)])
    expect(Math.abs(hits[position]! - expected), `position ${position}`).toBeLessThan(bound);
  expect([hits[2], hits[3]]).toEqual([rounds, rounds]);
});
