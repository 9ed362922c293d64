import { auroc, resampledDetection, resampledMeans } from '@freetickets/metrics';
import { describe, expect, it } from 'vitest';
import { intervalsOf } from './intervals.ts';

const once = { resamples: 100, seed: 1 };

describe('intervalsOf', () => {
  it('lie around the estimate, closely where nothing overlaps', () => {
    const many = (from: number) => Float64Array.from({ length: 60 }, (_, n) => from + ((n * 37) % 60));
    const [apart, mixed] = intervalsOf(120, [resampledDetection(many(0), many(100)), resampledDetection(many(0), many(10))], once);
    expect(apart!.intervals!.auroc).toEqual({ low: 1, high: 1 });
    const estimate = auroc(many(0), many(10));
    expect(mixed!.intervals!.auroc!.low).toBeLessThan(estimate);
    expect(mixed!.intervals!.auroc!.high).toBeGreaterThan(estimate);
  });

  it('are null where a figure does not exist, and absent where none are asked for or none is possible', () => {
    const missing = resampledMeans({ a: [Number.NaN, Number.NaN] });
    expect(intervalsOf(2, [missing], once)).toEqual([{ intervals: { a: { low: null, high: null } } }]);
    expect(intervalsOf(2, [missing], { ...once, resamples: 0 })).toEqual([{}]);
    expect(intervalsOf(1, [missing], once)).toEqual([{}]);
  });
});
