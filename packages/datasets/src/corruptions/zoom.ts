import { newPlane, type Plane } from './picture.ts';
import { roundHalfEven } from './round-half-even.ts';

/**
 * The middle of a square plane, enlarged to the plane's size: `ceil(side / factor)` pixels are cut out, resampled linearly so that their
 * first and last pixels stay first and last, and what is too much is trimmed.
 *
 * @param factor at least 1
 */
export function zoomIn({ height: side, values }: Plane, factor: number): Plane {
  const cropped = Math.ceil(side / factor);
  const first = (side - cropped) >> 1;
  const enlarged = roundHalfEven(cropped * factor);
  const trimmed = (enlarged - side) >> 1;
  const step = enlarged > 1 ? (cropped - 1) / (enlarged - 1) : 0;
  const places = Array.from({ length: side }, (_, i) => {
    const place = Math.min(cropped - 1, (trimmed + i) * step);
    const low = Math.min(Math.floor(place), Math.max(0, cropped - 2));
    return { low: first + low, high: first + Math.min(low + 1, cropped - 1), share: place - low };
  });
  const out = newPlane(side, side);
  for (const [y, row] of places.entries()) {
    for (const [x, column] of places.entries()) {
      const at = (r: number) => values[r * side + column.low]! * (1 - column.share) + values[r * side + column.high]! * column.share;
      out.values[y * side + x] = at(row.low) * (1 - row.share) + at(row.high) * row.share;
    }
  }
  return out;
}
