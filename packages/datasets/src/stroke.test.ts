import { describe, expect, it } from 'vitest';
import { arc, drawPolyline } from './stroke.ts';

describe('drawPolyline', () => {
  it('covers pixels by the distance of their centres from the stroke', () => {
    const canvas = new Float32Array(25);
    drawPolyline(
      canvas,
      5,
      [
        [0.5, 2.5],
        [4.5, 2.5],
      ],
      1,
    ); // along the middle row, half a pixel to either side
    const expected = Array.from({ length: 25 }, (_, i) => (Math.floor(i / 5) === 2 ? 1 : 0));
    expect([...canvas]).toEqual(expected);
  });

  it('has a soft edge: a pixel whose centre is 1 away from a stroke of width 1.5 is covered by a quarter', () => {
    const canvas = new Float32Array(25);
    drawPolyline(
      canvas,
      5,
      [
        [0.5, 2.5],
        [4.5, 2.5],
      ],
      1.5,
    ); // 0.75 + 0.5 - 1
    expect(canvas[5 + 2]).toBeCloseTo(0.25, 6);
  });

  it('ends round, stays on the canvas and never dims what is there', () => {
    const canvas = new Float32Array(25).fill(0.5);
    drawPolyline(
      canvas,
      5,
      [
        [-3, -3],
        [0.5, 0.5],
      ],
      1,
    );
    expect(canvas[0]).toBe(1);
    expect(Math.min(...canvas)).toBe(0.5);
    drawPolyline(
      canvas,
      5,
      [
        [4.5, 4.5],
        [4.5, 4.5],
      ],
      1,
    ); // a dot
    expect(canvas[24]).toBe(1);
  });
});

describe('arc', () => {
  it('runs along the ellipse from angle to angle', () => {
    const points = arc(1, 2, 3, 4, 0, 90);
    expect(points[0]).toEqual([4, 2]);
    expect(points.at(-1)![0]).toBeCloseTo(1, 12);
    expect(points.at(-1)![1]).toBeCloseTo(6, 12);
    for (const [x, y] of points) expect(((x - 1) / 3) ** 2 + ((y - 2) / 4) ** 2).toBeCloseTo(1, 12);
  });
});
