import { describe, expect, it } from 'vitest';
import { splitValidation } from './split.ts';

const samples = (size: number) => ({
  size,
  images: Uint8Array.from({ length: size * 2 }, (_, i) => i % 256),
  labels: Int32Array.from({ length: size }, (_, i) => i),
});

describe('splitValidation', () => {
  it('cuts the last part off, in file order', () => {
    const { train, validation } = splitValidation(samples(10), 0.3);
    expect([...train.labels]).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([...validation.labels]).toEqual([7, 8, 9]);
    expect([...validation.images]).toEqual([14, 15, 16, 17, 18, 19]);
    expect([train.size, validation.size, train.images.length]).toEqual([7, 3, 14]);
  });

  it.each([
    [60_000, 54_000],
    [50_000, 45_000],
  ])('a tenth of %i leaves %i', (size, left) => {
    expect(splitValidation(samples(size), 0.1).train.size).toBe(left);
  });

  it.each([0, 1, -0.1, Number.NaN, 0.01])('refuses the fraction %f of ten samples', (fraction) => {
    expect(() => splitValidation(samples(10), fraction)).toThrow(/^fraction: expected/);
  });
});
