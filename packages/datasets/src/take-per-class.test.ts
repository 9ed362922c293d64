import { describe, expect, it } from 'vitest';
import { splitValidation } from './split.ts';
import { takePerClass } from './take-per-class.ts';

const samples = {
  size: 6,
  images: Uint8Array.from([0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51]),
  labels: Int32Array.from([2, 0, 2, 2, 0, 1]),
};

describe('takePerClass', () => {
  it('keeps the first of each class, interleaved in proportion', () => {
    const taken = takePerClass(samples, 2);
    // of 2, 1 and 2 samples: places 1/4, 2/4, 1/4 of the way, then 3/4 and 3/4
    expect([...taken.labels]).toEqual([0, 2, 1, 0, 2]);
    expect([...taken.images]).toEqual([10, 11, 0, 1, 50, 51, 40, 41, 20, 21]);
    expect(taken.size).toBe(5);
  });

  it('leaves every class its share of the validation samples, however late the last of a class comes', () => {
    const labels = Int32Array.from([...Array(40).fill(1), ...Array(20).fill(0)]);
    const { validation } = splitValidation(takePerClass({ size: 60, images: new Uint8Array(60), labels }, 20), 0.1);
    expect([...validation.labels]).toEqual([0, 1, 0, 1]);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %f', (limit) => {
    expect(() => takePerClass(samples, limit)).toThrow('limitPerClass: expected a whole number of at least 1');
  });
});
