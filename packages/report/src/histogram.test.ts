import { describe, expect, it } from 'vitest';
import { histogram } from './histogram.ts';

describe('histogram', () => {
  it('counts each value once, upper ends with their own bin', () => {
    expect(histogram(Float32Array.of(0, 1, 1, 2, 3, 4), 4)).toEqual({
      min: 0,
      max: 4,
      count: 6,
      sum: 11,
      sumOfSquares: 31,
      limits: [1, 2, 3, 4],
      counts: [3, 1, 1, 1],
    });
  });

  it('loses nothing to rounding', () => {
    const values = Float32Array.from({ length: 1000 }, (_, i) => Math.fround(Math.sin(i) / 3));
    const { limits, counts, min, max } = histogram(values, 7)!;
    const within = (low: number, high: number) => values.filter((value) => value > low && value <= high).length;
    expect(counts).toEqual(limits.map((limit, bin) => within(bin === 0 ? min - 1 : limits[bin - 1]!, limit)));
    expect(limits.at(-1)).toBe(max);
  });

  it('has one bin where all are alike, and is none of nothing', () => {
    expect(histogram(Float32Array.of(0.5, 0.5))).toMatchObject({ limits: [0.5], counts: [2] });
    expect(histogram(new Float32Array())).toBeUndefined();
  });
});
