import { describe, expect, it } from 'vitest';
import { auroc } from './auroc.ts';
import { resampledAuroc } from './resampled-auroc.ts';

const inside = Float64Array.of(0.1, 0.4, 0.35, 0.4, 0.2);
const outside = Float64Array.of(0.4, 0.8, 0.3, 0.9);
const all = [...inside, ...outside];

describe('resampledAuroc', () => {
  it.each([[[0, 1, 2, 3, 4, 5, 6, 7, 8]], [[0, 0, 1, 5, 5, 7]], [[3, 5]]])('is the AUROC of the rows %j', (rows) => {
    const values = (kind: (row: number) => boolean) => Float64Array.from(rows.filter(kind), (row) => all[row]!);
    const expected = auroc(
      values((row) => row < 5),
      values((row) => row >= 5),
    );
    expect(resampledAuroc(inside, outside)(Uint32Array.from(rows))).toBeCloseTo(expected, 12);
  });

  it('by hand: one equal pair of one is a half, and without a sample of one kind there is none', () => {
    expect(resampledAuroc(inside, outside)(Uint32Array.of(1, 5))).toBe(0.5);
    expect(resampledAuroc(inside, outside)(Uint32Array.of(0, 1))).toBeNaN();
  });
});
