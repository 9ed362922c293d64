import { resample } from './bilinear.ts';
import { mirror, reflect } from './border.ts';
import { type Corruption, fill } from './corruption.ts';
import { gaussian } from './filters.ts';
import { mapPlanes, newPlane } from './picture.ts';

/** All as shares of the picture's side. */
export interface Elastic {
  /** What smoothed displacements are multiplied with. */
  readonly strength: number;
  /** Standard deviation of their smoothing. */
  readonly smoothness: number;
  /** How far three points may move, which fix an affine map. */
  readonly jitter: number;
}

/** Drawn, all uniform in [-1, 1): x and y of the three points' moves, displacements to the right and downwards (H, W). */
export interface Pull {
  readonly points: Float64Array;
  readonly right: Float64Array;
  readonly down: Float64Array;
}

/** Stretched rubber: an affine map, then smooth displacements. */
export const elasticTransform: Corruption<Elastic, Pull> = {
  settings: [
    { strength: 0, smoothness: 0, jitter: 0.08 },
    { strength: 0.05, smoothness: 0.2, jitter: 0.07 },
    { strength: 0.08, smoothness: 0.06, jitter: 0.06 },
    { strength: 0.1, smoothness: 0.04, jitter: 0.05 },
    { strength: 0.1, smoothness: 0.03, jitter: 0.03 },
  ],
  draw(stream, _, [{ values }]) {
    const signed = () => 2 * stream.uniform() - 1;
    return { points: fill(6, signed), right: fill(values.length, signed), down: fill(values.length, signed) };
  },
  apply(picture, { strength, smoothness, jitter }, { points, right, down }) {
    const { height: side } = picture[0];
    const back = affineBack(
      side,
      points.map((move) => move * jitter * side),
    );
    const shift = (drawn: Float64Array) =>
      gaussian(newPlane(side, side, drawn), smoothness * side, { border: reflect, truncate: 3 }).values.map(
        (value) => value * strength * side,
      );
    const [shiftX, shiftY] = [shift(right), shift(down)];
    return mapPlanes(picture, (plane) =>
      resample(resample(plane, back, mirror), (y, x) => [y + shiftY[y * side + x]!, x + shiftX[y * side + x]!], reflect),
    );
  },
};

/**
 * Where each pixel comes from under the affine map that takes three corners of a square in the middle to their moved places: with the
 * corners as the axes' ends, both maps are a place plus shares of two edges.
 */
function affineBack(side: number, moves: Float64Array): (y: number, x: number) => readonly [number, number] {
  const [low, high] = [(side >> 1) - Math.floor(side / 3), (side >> 1) + Math.floor(side / 3)];
  const length = high - low;
  const corner = (i: number, x: number, y: number) => [x + moves[2 * i]!, y + moves[2 * i + 1]!] as const;
  const [ax, ay] = corner(0, high, high);
  const [bx, by] = corner(1, high, low);
  const [cx, cy] = corner(2, low, low);
  // Edges of the moved square: from b down to a, and from b left to c.
  const [downX, downY, leftX, leftY] = [ax - bx, ay - by, cx - bx, cy - by];
  const determinant = downX * leftY - leftX * downY;
  return (y, x) => {
    const [px, py] = [x - bx, y - by];
    const down = (px * leftY - py * leftX) / determinant;
    const left = (py * downX - px * downY) / determinant;
    return [low + down * length, high - left * length];
  };
}
