import { rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { largest, marksAtLeast, smallest } from './select.ts';

/** The slow, obvious version: sort by score, then by index. */
function bySorting(scores: Float32Array, count: number, sign: 1 | -1): number[] {
  const order = Array.from(scores, (_, i) => i).sort((a, b) => sign * (scores[a]! - scores[b]!) || a - b);
  return order.slice(0, count).sort((a, b) => a - b);
}

describe('selection', () => {
  it('takes the lower index among equal scores', () => {
    const scores = Float32Array.of(2, 1, 1, 3, 1, 3, 3);
    expect([...smallest(scores, 2)]).toEqual([1, 2]);
    expect([...smallest(scores, 4)]).toEqual([0, 1, 2, 4]);
    expect([...largest(scores, 2)]).toEqual([3, 5]);
    expect([...largest(scores, 4)]).toEqual([0, 3, 5, 6]);
  });

  it('counts -0 and 0 as equal', () => {
    expect([...smallest(Float32Array.of(0, -0, 0, -0), 2)]).toEqual([0, 1]);
    expect([...largest(Float32Array.of(-0, 0, -0, 0), 2)]).toEqual([0, 1]);
  });

  it('orders negative, tiny and infinite scores', () => {
    const scores = Float32Array.of(Number.POSITIVE_INFINITY, -3, 1e-45, -1e-45, 3, Number.NEGATIVE_INFINITY, 0, -2.5);
    //                              0                         1   2      3       4  5                         6   7
    expect([...smallest(scores, 4)]).toEqual([1, 3, 5, 7]);
    expect([...largest(scores, 4)]).toEqual([0, 2, 4, 6]);
  });

  it('takes none of none and all of all', () => {
    expect(smallest(new Float32Array(0), 0)).toHaveLength(0);
    expect([...largest(Float32Array.of(5, 5, 4), 3)]).toEqual([0, 1, 2]);
  });

  it('agrees with a sort on 400 random lists, with and without many ties', () => {
    const draws = rng(1).stream('select');
    for (let round = 0; round < 400; round++) {
      const length = draws.below(60);
      const levels = round % 2 === 0 ? 4 : 1e6;
      const scores = Float32Array.from({ length }, () => (draws.below(levels) - levels / 2) * (draws.below(3) === 0 ? 1e-30 : 1));
      const count = draws.below(length + 1);
      expect([...smallest(scores, count)]).toEqual(bySorting(scores, count, 1));
      expect([...largest(scores, count)]).toEqual(bySorting(scores, count, -1));
      const magnitudes = scores.map(Math.abs);
      expect([...smallest(scores, count, { byMagnitude: true })]).toEqual(bySorting(magnitudes, count, 1));
      expect([...largest(scores, count, { byMagnitude: true })]).toEqual(bySorting(magnitudes, count, -1));
    }
  });

  it('agrees with a sort on 200 000 scores of one narrow range', () => {
    const draws = rng(2).stream('select');
    const scores = Float32Array.from({ length: 200_000 }, () => 1 + draws.uniform() / 100);
    expect([...largest(scores, 70_000)]).toEqual(bySorting(scores, 70_000, -1));
  });

  it.each([
    ['far apart', 1e-3, 300],
    ['with many ties, so that a sample tells nothing', 4, 300],
    ['half of all', 1e-3, 20_000],
    ['all but the highest, which a sample at equal distances sees alone', 0, 500],
  ])('agrees with a sort of 40 000 magnitudes beside some that take no part: %s', (_, step, count) => {
    const draws = rng(3).stream('select');
    const draw = () => (step >= 1 ? draws.below(step) - 2 : draws.normal());
    const scores = Float32Array.from({ length: 40_000 }, (_, i) => (step === 0 && i % 9 === 0 ? 100 + i : draw()));
    const except = step === 0 ? Uint32Array.from({ length: 4445 }, (_, i) => 9 * i) : draws.sample(40_000, 4000);
    const barred = new Set(except);
    const magnitudes = scores.map((score, i) => (barred.has(i) ? -1 : Math.abs(score)));
    const expected = bySorting(magnitudes, count, -1);
    expect([...largest(scores, count, { byMagnitude: true, except })]).toEqual(expected);
    const asked: number[] = [];
    const atLeast = (magnitude: number) => marksAtLeast(scores, asked[asked.push(magnitude) - 1]!);
    expect([...largest(scores, count, { byMagnitude: true, except, atLeast })]).toEqual(expected);
    expect(asked.length).toBeGreaterThan(0);
  });

  it('marks magnitudes that are not below a bound, and what is no number', () => {
    const scores = Float32Array.from({ length: 37 }, (_, i) => (i % 2 === 0 ? i : -i));
    scores[36] = Number.NaN;
    const bits = (magnitude: number) => [...marksAtLeast(scores, magnitude)].map((word) => (word >>> 0).toString(2));
    expect(bits(30)).toEqual([`11${'0'.repeat(30)}`, '11111']);
    expect(bits(30.5)).toEqual([`1${'0'.repeat(31)}`, '11111']);
    expect(bits(Number.POSITIVE_INFINITY)).toEqual(['0', '10000']);
    expect(bits(0)).toEqual(['1'.repeat(32), '11111']);
  });

  it('refuses a magnitude that is not a number, unless it takes no part', () => {
    const scores = Float32Array.from({ length: 40_000 }, (_, i) => i);
    scores[7] = Number.NaN;
    expect(() => largest(scores, 5, { byMagnitude: true })).toThrow(/scores\[7\]: expected a number, received NaN/);
    const options = { byMagnitude: true, except: Uint32Array.of(7) };
    expect([...largest(scores, 2, options)]).toEqual([39_998, 39_999]);
  });

  it('refuses a score that is not a number', () => {
    expect(() => smallest(Float32Array.of(1, Number.NaN), 1)).toThrow(/scores\[1\]: expected a number, received NaN/);
  });
});
