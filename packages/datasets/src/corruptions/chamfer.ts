import { newPlane, type Plane } from './picture.ts';

/** Steps to half of the neighbours within 5x5, and their lengths; the other half is met in the second pass. */
const STEPS: readonly (readonly [down: number, right: number, length: number])[] = [
  [-2, -1, 2.1969],
  [-2, 1, 2.1969],
  [-1, -2, 2.1969],
  [-1, -1, 1.4],
  [-1, 0, 1],
  [-1, 1, 1.4],
  [-1, 2, 2.1969],
  [0, -1, 1],
];

/**
 * Distance of each pixel from the nearest marked one (value 1), along steps of 5x5 neighbourhoods: close to the straight line's, in two passes.
 * Infinity where nothing is marked.
 * @source Borgefors, "Distance transformations in digital images", 1986; the lengths are OpenCV's
 */
export function chamferDistance({ height, width, values }: Plane): Plane {
  const out = newPlane(
    height,
    width,
    values.map((value) => (value === 1 ? 0 : Number.POSITIVE_INFINITY)),
  );
  const visit = (y: number, x: number, turn: 1 | -1) => {
    for (const [down, right, length] of STEPS) {
      const [row, column] = [y + turn * down, x + turn * right];
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      const way = out.values[row * width + column]! + length;
      if (way < out.values[y * width + x]!) out.values[y * width + x] = way;
    }
  };
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) visit(y, x, 1);
  for (let y = height - 1; y >= 0; y--) for (let x = width - 1; x >= 0; x--) visit(y, x, -1);
  return out;
}
