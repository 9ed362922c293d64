import type { Stream } from '@freetickets/sparse-core';
import { fill } from './corruption.ts';
import { newPlane, type Plane } from './picture.ts';

/** Uniform numbers in [-1, 1), as many as a plasma of this side (a power of two) needs. */
export const plasmaNoise = (side: number, stream: Stream): Float64Array => fill(side * side - 1, () => 2 * stream.uniform() - 1);

/**
 * Clouds by the diamond-square method on a torus, scaled to [0, 1]. The amplitude of the noise is the square of a number that falls by
 * `decay` each time the step halves, so it falls by decay squared.
 *
 * @param side a power of two
 * @param noise as `plasmaNoise` gives it: for each step the squares' centres, the middles of horizontal edges, then of vertical ones
 */
export function plasma(side: number, decay: number, noise: Float64Array): Plane {
  const map = newPlane(side, side);
  const { values } = map;
  const at = (y: number, x: number) => values[((y + side) % side) * side + ((x + side) % side)]!;
  let next = 0;
  let amplitude = 100;
  for (let step = side; step >= 2; step /= 2, amplitude /= decay) {
    const half = step / 2;
    /** The mean of four neighbours, diagonal or straight, and noise. */
    const set = (fromY: number, fromX: number, [ay, ax, by, bx]: readonly [number, number, number, number]) => {
      for (let y = fromY; y < side; y += step) {
        for (let x = fromX; x < side; x += step) {
          const mean = (at(y - ay, x - ax) + at(y + ay, x + ax) + at(y - by, x - bx) + at(y + by, x + bx)) / 4;
          values[y * side + x] = mean + amplitude * amplitude * noise[next++]!;
        }
      }
    };
    set(half, half, [half, half, half, -half]);
    set(0, half, [half, 0, 0, half]);
    set(half, 0, [half, 0, 0, half]);
  }
  return stretch(map);
}

/** Least to 0, largest to 1. */
function stretch({ height, width, values }: Plane): Plane {
  const least = values.reduce((a, b) => Math.min(a, b));
  const range = values.reduce((a, b) => Math.max(a, b)) - least;
  return newPlane(
    height,
    width,
    values.map((value) => (range === 0 ? 0 : (value - least) / range)),
  );
}
