import { describe, expect, it } from 'vitest';
import { Arena, type Geometry } from './arena.ts';

/** Two pictures of 3 x 5 with a border of 1 above and to the left, 2 below and to the right: a row is 8 columns, a plane 6 rows. */
const picture: Geometry = { channels: 2, height: 3, width: 5, low: 1, high: 2 };
const features: Geometry = { channels: 10, height: 1, width: 1, low: 0, high: 0 };

describe('Arena', () => {
  it('hands out parts that start at multiples of 16 numbers, floats and integers apart', () => {
    const arena = new Arena(16, 1);
    expect([arena.floats(1), arena.floats(16), arena.floats(17), arena.floats(0), arena.floats(3)]).toEqual([0, 16, 32, 64, 64]);
    expect([arena.ints(5), arena.ints(5)]).toEqual([0, 16]);
    expect([arena.floatCount, arena.intCount]).toEqual([80, 32]);
  });

  it('places a tensor so that its view starts behind the border', () => {
    const arena = new Arena(32, 3);
    arena.floats(1);
    const [row, plane] = [8 * 32, 6 * 8 * 32];
    expect(arena.tensor(picture).view).toEqual({ base: 16 + row + 32, block: 2 * plane, plane, row });
    expect(arena.floatCount).toBe(16 + 3 * 2 * plane);
  });

  it('gives released memory to a tensor of the same geometry, once', () => {
    const arena = new Arena(16, 1);
    const first = arena.tensor(picture);
    const other = arena.tensor(features);
    arena.release(first);
    const before = arena.floatCount;
    expect(arena.tensor({ ...picture, low: 2, high: 1 }).view.base).toBeGreaterThan(other.view.base);
    expect(arena.floatCount).toBeGreaterThan(before);
    expect(arena.tensor(picture)).toEqual(first);
    expect(arena.tensor(picture)).not.toEqual(first);
  });

  it('with a pool, puts tensors where that says, and knows whose border others write on', () => {
    const draft = new Arena(16, 1);
    draft.release(draft.tensor(features));
    const size = 16 * 10;
    expect(draft.lives).toEqual([{ size, birth: 0, death: 1 }]);
    draft.tensor(picture);
    draft.tensor(features);
    const arena = new Arena(16, 1, { starts: [0, 0, 2000], size: 4000 });
    arena.floats(16);
    const [first, second, third] = [arena.tensor(features), arena.tensor(picture), arena.tensor({ ...features, low: 1, high: 1 })];
    expect([first.view.base, second.view.base - 16 * 8 - 16, arena.floatCount]).toEqual([16, 16, 4016]);
    expect([first, second, third].map((tensor) => arena.disturbed(tensor))).toEqual([false, true, false]);
  });
});
