/**
 * Edges by Canny's method, on whole numbers and with the details of OpenCV, so that drops of water have the outlines they have in the
 * published sets: Sobel gradients over a repeated border, magnitude |dx| + |dy|, directions in four sectors, 8-connected hysteresis.
 */
import { nearest } from './border.ts';
import { newPlane, type Plane } from './picture.ts';

const TANGENT = Math.tan(Math.PI / 8);

/**
 * @param plane whole numbers from 0 to 255
 * @param weak edges of a magnitude above this count if they hang on to a strong one
 * @param strong a magnitude above which an edge counts
 * @returns 1 at edges, 0 elsewhere
 */
export function canny(plane: Plane, weak: number, strong: number): Plane {
  const { height, width } = plane;
  const { dx, dy, magnitude } = sobel(plane);
  const edges = newPlane(height, width);
  const candidate = new Uint8Array(height * width);
  const found: number[] = [];
  const sizeAt = (y: number, x: number) => (y < 0 || x < 0 || y >= height || x >= width ? 0 : magnitude[y * width + x]!);
  for (let at = 0; at < magnitude.length; at++) {
    const [y, x] = [Math.floor(at / width), at % width];
    if (magnitude[at]! <= weak || !isRidge(magnitude[at]!, dx[at]!, dy[at]!, (down, right) => sizeAt(y + down, x + right))) continue;
    candidate[at] = 1;
    if (magnitude[at]! > strong) found.push(at);
  }
  for (let at = found.pop(); at !== undefined; at = found.pop()) {
    if (edges.values[at] === 1) continue;
    edges.values[at] = 1;
    for (const next of neighbours(at, height, width)) if (candidate[next] === 1) found.push(next);
  }
  return edges;
}

function sobel({ height, width, values }: Plane): { dx: Float64Array; dy: Float64Array; magnitude: Float64Array } {
  const dx = new Float64Array(height * width);
  const dy = new Float64Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (down: number, right: number) => values[nearest(y + down, height) * width + nearest(x + right, width)]!;
      dx[y * width + x] = at(-1, 1) + 2 * at(0, 1) + at(1, 1) - at(-1, -1) - 2 * at(0, -1) - at(1, -1);
      dy[y * width + x] = at(1, -1) + 2 * at(1, 0) + at(1, 1) - at(-1, -1) - 2 * at(-1, 0) - at(-1, 1);
    }
  }
  return { dx, dy, magnitude: dx.map((value, at) => Math.abs(value) + Math.abs(dy[at]!)) };
}

/** Whether no neighbour along the gradient is larger; of two equal ones on an axis the later counts as smaller. */
function isRidge(size: number, dx: number, dy: number, neighbour: (down: number, right: number) => number): boolean {
  const [x, y] = [Math.abs(dx), Math.abs(dy)];
  if (y < TANGENT * x) return size > neighbour(0, -1) && size >= neighbour(0, 1);
  if (y > x * (TANGENT + 2)) return size > neighbour(-1, 0) && size >= neighbour(1, 0);
  const slope = dx < 0 !== dy < 0 ? -1 : 1;
  return size > neighbour(-1, -slope) && size > neighbour(1, slope);
}

function neighbours(at: number, height: number, width: number): number[] {
  const [y, x] = [Math.floor(at / width), at % width];
  const near: number[] = [];
  for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
    for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) near.push(row * width + column);
  }
  return near;
}
