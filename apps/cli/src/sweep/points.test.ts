import { describe, expect, it } from 'vitest';
import { gridPoints, randomPoints, valueIn } from './points.ts';

const axis = (name: string, ...values: unknown[]) => ({ name, choices: values.map((value) => ({ [name]: value })) });

describe('gridPoints', () => {
  it('has every combination, the last axis changing fastest', () => {
    expect(gridPoints([axis('method', 'edst', 'dst'), axis('sparsity', 0.8, 0.9, 0.95)])).toEqual([
      { method: 'edst', sparsity: 0.8 },
      { method: 'edst', sparsity: 0.9 },
      { method: 'edst', sparsity: 0.95 },
      { method: 'dst', sparsity: 0.8 },
      { method: 'dst', sparsity: 0.9 },
      { method: 'dst', sparsity: 0.95 },
    ]);
  });

  it('without an axis is one point that sets nothing', () => {
    expect(gridPoints([])).toEqual([{}]);
  });
});

describe('randomPoints', () => {
  const axes = [axis('growth', 'gradient', 'random')];
  const ranges = { learningRate: { kind: 'log-uniform', from: 0.01, to: 1 }, tickets: { kind: 'integers', from: 2, to: 4 } } as const;

  it('draws the same points whenever the seed is the same, fewer of them being the first of more', () => {
    const ten = randomPoints('x', { axes, ranges, count: 10, seed: 3 });
    expect(randomPoints('x', { axes, ranges, count: 10, seed: 3 })).toEqual(ten);
    expect(randomPoints('x', { axes, ranges, count: 4, seed: 3 })).toEqual(ten.slice(0, 4));
    expect(randomPoints('x', { axes, ranges, count: 10, seed: 4 })).not.toEqual(ten);
  });

  it('draws a field alike whatever else is drawn', () => {
    const both = randomPoints('x', { axes, ranges, count: 5, seed: 3 });
    const one = randomPoints('x', { axes: [], ranges: { learningRate: ranges.learningRate }, count: 5, seed: 3 });
    expect(both.map(({ learningRate }) => learningRate)).toEqual(one.map(({ learningRate }) => learningRate));
  });

  it('spreads over choices and ranges as they say', () => {
    const points = randomPoints('x', { axes, ranges, count: 600, seed: 1 });
    const share = (hit: (point: Readonly<Record<string, unknown>>) => boolean) => points.filter(hit).length / 600;
    expect(share(({ growth }) => growth === 'random')).toBeCloseTo(1 / 2, 1);
    expect(share(({ learningRate }) => (learningRate as number) < 0.1)).toBeCloseTo(1 / 2, 1);
    for (const tickets of [2, 3, 4]) expect(share((point) => point.tickets === tickets)).toBeCloseTo(1 / 3, 1);
  });

  it('has no point twice, and says how many there are when more are asked for', () => {
    const drawing = { axes: [axis('growth', 'gradient', 'random'), axis('tickets', 2, 3)], ranges: {}, seed: 1 };
    const points = randomPoints('x', { ...drawing, count: 4 });
    expect(new Set(points.map((point) => JSON.stringify(point))).size).toBe(4);
    expect(() => randomPoints('--trials', { ...drawing, count: 5 })).toThrow(
      '--trials: expected at most 4 trials, because that is how many combinations there are, received 5',
    );
  });
});

describe('valueIn', () => {
  it.each([
    ['uniform', 2, 4, 0, 2],
    ['uniform', 2, 4, 0.25, 2.5],
    ['uniform', 0, 1, 0.123456, 0.1235],
    ['log-uniform', 0.01, 1, 0.5, 0.1],
    ['log-uniform', 1e-4, 1, 0.25, 1e-3],
    ['integers', 2, 4, 0, 2],
    ['integers', 2, 4, 0.34, 3],
    ['integers', 2, 4, 0.999, 4],
    ['uniform', 0.12344, 1, 0, 0.12344],
  ] as const)('%s from %f to %f, %f of the way: %f', (kind, from, to, share, value) => {
    expect(valueIn({ kind, from, to }, share)).toBeCloseTo(value, 12);
  });
});
