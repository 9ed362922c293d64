import { rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { type Life, makePool } from './pool.ts';

const life = (size: number, birth: number, death = Number.POSITIVE_INFINITY): Life => ({ size, birth, death });

describe('a pool', () => {
  it('has one place for lives that follow each other, and two for those that overlap', () => {
    expect(makePool([life(16, 0, 2), life(32, 2, 5), life(16, 6)])).toEqual({ starts: [0, 0, 0], size: 32 });
    expect(makePool([life(16, 0, 3), life(32, 2, 5)])).toEqual({ starts: [32, 0], size: 48 });
    expect(makePool([])).toEqual({ starts: [], size: 0 });
  });

  it('fills gaps: a small one between two large that outlive it', () => {
    // The large ones lie at 0 and 64; the third lives beside the second only, the fourth beside all.
    expect(makePool([life(64, 0, 4), life(64, 1, 9), life(48, 5, 9), life(16, 0, 9)])).toEqual({ starts: [0, 64, 0, 128], size: 144 });
  });

  it('never lets two of a time overlap', () => {
    const stream = rng(1).stream('lives');
    const lives = Array.from({ length: 200 }, (_, k) => life(16 * (1 + stream.below(20)), k, k + 1 + stream.below(30)));
    const { starts, size } = makePool(lives);
    for (const [a, one] of lives.entries())
      for (const [b, other] of lives.entries()) {
        if (a === b || one.birth >= other.death || other.birth >= one.death) continue;
        expect(starts[a]! >= starts[b]! + other.size || starts[b]! >= starts[a]! + one.size).toBe(true);
      }
    const most = Math.max(...lives.map((_, tick) => lives.reduce((sum, l) => sum + (l.birth <= tick && tick < l.death ? l.size : 0), 0)));
    expect(size).toBeGreaterThanOrEqual(most);
    expect(size).toBeLessThan(1.3 * most);
  });
});
