import { rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { apportion } from './apportion.ts';

describe('apportion', () => {
  it.each([
    ['in proportion', 12, [1, 2, 3], [99, 99, 99], [2, 4, 6]],
    ['largest remainders: 1.43 2.86 5.71 of 10', 10, [1, 2, 4], [99, 99, 99], [1, 3, 6]],
    ['ties to the earlier', 5, [1, 1], [99, 99], [3, 2]],
    ['what does not fit goes to the others: 8 of 12 to the third, which takes 3', 12, [1, 1, 4], [99, 99, 3], [5, 4, 3]],
    ['one after another fills up', 12, [1, 2, 9], [99, 3, 2], [7, 3, 2]],
    ['equal parts of no weight', 5, [0, 0, 0], [99, 99, 99], [2, 2, 1]],
    ['nothing to those without room', 4, [9, 1], [0, 9], [0, 4]],
    ['those of weight 0 take what the others cannot', 6, [1, 0, 0], [2, 9, 9], [2, 2, 2]],
    ['nothing of nothing', 0, [1, 1], [5, 5], [0, 0]],
    ['all', 10, [1, 5], [5, 5], [5, 5]],
  ])('%s', (_, total, weights, room, expected) => {
    expect(apportion(total, weights, room)).toEqual(expected);
  });

  it('adds up, in whole numbers with room, for 500 random cases', () => {
    const draws = rng(1).stream('apportion');
    for (let round = 0; round < 500; round++) {
      const n = 1 + draws.below(12);
      const weights = Array.from({ length: n }, () => (draws.below(4) === 0 ? 0 : draws.uniform()));
      const room = Array.from({ length: n }, () => draws.below(30));
      const total = draws.below(room.reduce((a, b) => a + b, 0) + 1);
      const parts = apportion(total, weights, room);
      expect(parts.reduce((a, b) => a + b, 0)).toBe(total);
      for (const [i, part] of parts.entries()) expect(Number.isInteger(part) && part >= 0 && part <= room[i]!).toBe(true);
    }
  });

  it('refuses more than there is room for', () => {
    expect(() => apportion(6, [1, 1], [2, 3])).toThrow('total: expected at most 5, the room that there is, received 6');
  });
});
