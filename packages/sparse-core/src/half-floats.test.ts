import { describe, expect, it } from 'vitest';
import { decodeHalf, encodeHalf } from './half-floats.ts';

describe('half floats', () => {
  it.each([
    ['zero, one, minus two', [0, 1, -2], [0x0000, 0x3c00, 0xc000]],
    ['a negative zero', [-0], [0x8000]],
    ['the largest, and the first that rounds to infinity', [65504, 65519.996, 65520, -1e30], [0x7bff, 0x7bff, 0x7c00, 0xfc00]],
    ['the smallest, half of it (a tie, to even), and more than half', [2 ** -24, 2 ** -25, 2 ** -25 * 1.5], [0x0001, 0x0000, 0x0001]],
    ['one and a half of the smallest: a tie, to even', [1.5 * 2 ** -24], [0x0002]],
    ['the border between subnormal and normal', [2 ** -14, 2 ** -14 - 2 ** -25, 2 ** -14 - 2 ** -24], [0x0400, 0x0400, 0x03ff]],
    ['ties between 1 and 1 + 2^-10, and the next pair', [1 + 2 ** -11, 1 + 3 * 2 ** -11], [0x3c00, 0x3c02]],
    ['a carry into the exponent', [2 - 2 ** -12], [0x4000]],
    ['infinity and not a number', [Number.POSITIVE_INFINITY, Number.NaN], [0x7c00, 0x7e00]],
  ])('%s', (_, values, halves) => {
    expect([...encodeHalf(Float32Array.from(values))]).toEqual(halves);
  });

  it('every half comes back as itself', () => {
    const all = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter((bits) => (bits & 0x7c00) < 0x7c00 || (bits & 0x3ff) === 0);
    expect(encodeHalf(decodeHalf(all))).toEqual(all);
  });

  it('rounds to the nearest: never further than half a step', () => {
    const values = Float32Array.from({ length: 20_000 }, (_, k) => Math.exp((k - 12_000) / 1000) * (k % 2 ? 1 : -1)).filter(
      (value) => Math.abs(value) < 65504,
    );
    const rounded = decodeHalf(encodeHalf(values));
    values.forEach((value, k) => {
      const step = Math.max(2 ** (Math.floor(Math.log2(Math.abs(value))) - 10), 2 ** -24);
      expect(Math.abs(rounded[k]! - value)).toBeLessThanOrEqual(step / 2);
    });
  });
});
