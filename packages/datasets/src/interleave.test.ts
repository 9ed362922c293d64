import { describe, expect, it } from 'vitest';
import { interleave } from './interleave.ts';

describe('interleave', () => {
  it('alternates classes of one size, each in its own order', () => {
    expect(interleave([2, 2])).toEqual([
      { label: 0, rank: 0 },
      { label: 1, rank: 0 },
      { label: 0, rank: 1 },
      { label: 1, rank: 1 },
    ]);
  });

  it('puts rank r of n at (r + 1/2) / n: of 4 and 1, the single one is in the middle', () => {
    // class 0 at 1/8, 3/8, 5/8, 7/8; class 1 at 1/2
    expect(interleave([4, 1]).map(({ label }) => label)).toEqual([0, 0, 1, 0, 0]);
  });

  it('every tail holds every class in its share, to within two', () => {
    const counts = [100, 37, 250, 8];
    const total = 395;
    const order = interleave(counts);
    for (let tail = 1; tail <= total; tail++) {
      counts.forEach((count, label) => {
        const held = order.slice(total - tail).filter((place) => place.label === label).length;
        expect(Math.abs(held - (tail * count) / total)).toBeLessThanOrEqual(2);
      });
    }
  });
});
