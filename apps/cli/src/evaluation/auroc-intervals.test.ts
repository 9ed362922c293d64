import { auroc } from '@freetickets/metrics';
import { describe, expect, it } from 'vitest';
import { aurocIntervals } from './auroc-intervals.ts';

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
