import { expect, it } from 'vitest';
import { resampledMeans } from './resampled-means.ts';

it('resampledMeans are the means over the rows, repeated ones as often as they stand there', () => {
  const means = resampledMeans({ a: Float64Array.of(1, 2, 6), b: Uint8Array.of(0, 1, 1) });
  expect(means(Uint32Array.of(0, 2, 2, 1))).toEqual({ a: 15 / 4, b: 3 / 4 });
  expect(() => resampledMeans({ a: Float64Array.of(1, 2), b: Float64Array.of(1) })).toThrow(
    'b: expected a number for each of 2 samples, received 1',
  );
});
