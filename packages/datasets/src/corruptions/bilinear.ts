import type { Border } from './border.ts';
import { newPlane, type Plane } from './picture.ts';

/** A plane in which the pixel at (y, x) comes from the place that `from` names, between pixels interpolated linearly. */
export function resample(plane: Plane, from: (y: number, x: number) => readonly [y: number, x: number], border: Border): Plane {
  const { height, width, values } = plane;
  const out = newPlane(height, width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [fromY, fromX] = from(y, x);
      const [top, left] = [Math.floor(fromY), Math.floor(fromX)];
      const [down, right] = [fromY - top, fromX - left];
      const [row, below] = [border(top, height) * width, border(top + 1, height) * width];
      const [column, beside] = [border(left, width), border(left + 1, width)];
      const upper = values[row + column]! * (1 - right) + values[row + beside]! * right;
      const lower = values[below + column]! * (1 - right) + values[below + beside]! * right;
      out.values[y * width + x] = upper * (1 - down) + lower * down;
    }
  }
  return out;
}
