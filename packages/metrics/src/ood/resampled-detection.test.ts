import { describe, expect, it } from 'vitest';
import { detection } from './detection.ts';
import { resampledDetection } from './resampled-detection.ts';

const inside = Float64Array.of(0.1, 0.4, 0.35, 0.4, 0.2);
const outside = Float64Array.of(0.4, 0.8, 0.3, 0.9);
const all = [...inside, ...outside];

describe('resampledDetection', () => {
  it.each([[[0, 1, 2, 3, 4, 5, 6, 7, 8]], [[0, 0, 1, 5, 5, 7]], [[3, 5]], [[2, 4, 4, 4, 8, 8, 8]]])(
    'is the detection of the rows %j',
    (rows) => {
      const values = (kind: (row: number) => boolean) => Float64Array.from(rows.filter(kind), (row) => all[row]!);
      const expected = detection(
        values((row) => row < 5),
        values((row) => row >= 5),
      );
      const found = resampledDetection(inside, outside)(Uint32Array.from(rows));
      for (const [name, value] of Object.entries(expected)) expect(found[name as keyof typeof found], name).toBeCloseTo(value, 12);
    },
  );

  it('by hand: one equal pair of one is a half, and without a sample of one kind there is nothing to measure', () => {
    expect(resampledDetection(inside, outside)(Uint32Array.of(1, 5))).toEqual({
      auroc: 0.5,
      auprOut: 0.5,
      auprIn: 0.5,
      fpr95Out: 1,
      fpr95In: 1,
    });
    for (const rows of [
      [0, 1],
      [5, 6],
    ])
      for (const value of Object.values(resampledDetection(inside, outside)(Uint32Array.from(rows)))) expect(value).toBeNaN();
  });
});
