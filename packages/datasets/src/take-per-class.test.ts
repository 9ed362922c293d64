import { describe, expect, it } from 'vitest';
import { takePerClass } from './take-per-class.ts';

const samples = {
  size: 6,
  images: Uint8Array.from([0, 1, 10, 11, 20, 21, 30, 31, 40, 41, 50, 51]),
  labels: Int32Array.from([2, 0, 2, 2, 0, 1]),
};

describe('takePerClass', () => {
  it('keeps the first of each class, in their old order', () => {
    const taken = takePerClass(samples, 2);
    expect([...taken.labels]).toEqual([2, 0, 2, 0, 1]);
    expect([...taken.images]).toEqual([0, 1, 10, 11, 20, 21, 40, 41, 50, 51]);
    expect(taken.size).toBe(5);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses %f', (limit) => {
    expect(() => takePerClass(samples, limit)).toThrow('limitPerClass: expected a whole number of at least 1');
  });
});
