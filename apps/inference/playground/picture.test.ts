import { describe, expect, it } from 'vitest';
import { type Pixels, toPlanes } from './picture.ts';

const SIDE = 280;

/** Black, with `colour` wherever `inside` says so. */
function picture(inside: (x: number, y: number) => boolean, colour: readonly [number, number, number] = [255, 255, 255]): Pixels {
  const data = new Uint8ClampedArray(4 * SIDE * SIDE);
  for (let k = 0; k < SIDE * SIDE; k++) if (inside(k % SIDE, Math.floor(k / SIDE))) data.set(colour, 4 * k);
  return { side: SIDE, data };
}

describe('toPlanes', () => {
  it('averages: the left half in white is ones and zeros, and a half in between', () => {
    const planes = toPlanes(
      picture((x) => x < 140),
      [1, 3, 4],
      false,
    );
    expect([...planes]).toEqual([1, 1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0].map((value) => expect.closeTo(value, 6)));
    expect(
      toPlanes(
        picture((x) => x < 140),
        [1, 1, 1],
        false,
      )[0],
    ).toBeCloseTo(0.5, 6);
  });
  it('keeps the channels apart, in planes', () => {
    const planes = toPlanes(
      picture(() => true, [255, 0, 51]),
      [3, 2, 2],
      false,
    );
    expect([...planes]).toEqual([1, 1, 1, 1, 0, 0, 0, 0, 0.2, 0.2, 0.2, 0.2].map((value) => expect.closeTo(value, 6)));
  });
  it('brings ink from anywhere to the middle, 20 of 28 pixels high', () => {
    const planes = toPlanes(
      picture((x, y) => x >= 10 && x < 30 && y >= 20 && y < 60),
      [1, 28, 28],
      true,
    );
    const rows = Array.from({ length: 28 }, (_, row) => planes.slice(28 * row, 28 * row + 28).reduce((a, b) => a + b, 0));
    const inked = rows.map((sum, row) => (sum > 1 ? row : -1)).filter((row) => row >= 0);
    expect(inked).toEqual(Array.from({ length: 20 }, (_, k) => k + 4)); // rows 4 to 23
    const columns = Array.from({ length: 28 }, (_, column) => rows.reduce((sum, _row, row) => sum + planes[28 * row + column]!, 0));
    expect(columns.map((sum, column) => (sum > 1 ? column : -1)).filter((column) => column >= 0)).toEqual(
      Array.from({ length: 10 }, (_, k) => k + 9), // half as wide as high
    );
  });
  it('of a blank sheet is black', () => {
    expect(
      toPlanes(
        picture(() => false),
        [1, 28, 28],
        true,
      ).every((value) => value === 0),
    ).toBe(true);
  });
});
