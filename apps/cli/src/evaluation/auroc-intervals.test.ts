import { auroc } from '@freetickets/metrics';
import { describe, expect, it } from 'vitest';
import { aurocIntervals, aurocOfRows } from './auroc-intervals.ts';

const inside = Float64Array.of(0.1, 0.4, 0.35, 0.4, 0.2);
const outside = Float64Array.of(0.4, 0.8, 0.3, 0.9);
const all = [...inside, ...outside];

describe('aurocOfRows', () => {
  it.each([[[0, 1, 2, 3, 4, 5, 6, 7, 8]], [[0, 0, 1, 5, 5, 7]], [[3, 5]]])('is the AUROC of the rows %j', (rows) => {
    const values = (kind: (row: number) => boolean) => Float64Array.from(rows.filter(kind), (row) => all[row]!);
    const expected = auroc(
      values((row) => row < 5),
      values((row) => row >= 5),
    );
    expect(aurocOfRows({ inside, outside })(Uint32Array.from(rows))).toBeCloseTo(expected, 12);
  });

  it('by hand: one equal pair of one is a half, and without a picture of one kind there is none', () => {
    expect(aurocOfRows({ inside, outside })(Uint32Array.of(1, 5))).toBe(0.5);
    expect(aurocOfRows({ inside, outside })(Uint32Array.of(0, 1))).toBeNaN();
  });
});

describe('aurocIntervals', () => {
  it('lie around the estimate, closely where nothing overlaps', () => {
    const many = (from: number) => Float64Array.from({ length: 60 }, (_, n) => from + ((n * 37) % 60));
    const [apart, mixed] = aurocIntervals(
      [
        { inside: many(0), outside: many(100) },
        { inside: many(0), outside: many(10) },
      ],
      { resamples: 100, seed: 1 },
    );
    expect(apart).toEqual({ low: 1, high: 1 });
    const estimate = auroc(many(0), many(10));
    expect(mixed!.low).toBeLessThan(estimate);
    expect(mixed!.high).toBeGreaterThan(estimate);
  });
});
