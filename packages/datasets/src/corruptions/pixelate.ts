import { type Corruption, drawNothing } from './corruption.ts';
import { mapPlanes, newPlane, type Plane, roundToByte } from './picture.ts';

/** Made smaller and large again, in whole pixels. Setting: the smaller side as a share of the old one, rounded down. */
export const pixelate: Corruption<number, undefined> = {
  settings: [0.95, 0.9, 0.85, 0.75, 0.65],
  draw: drawNothing,
  apply: (picture, share) => mapPlanes(picture, (plane) => boxResize(boxResize(plane, Math.floor(plane.height * share)), plane.height)),
};

/**
 * A square of another side, as Pillow's box filter makes it: each new pixel is the mean of the old ones whose centres it covers, first
 * along rows, then along columns, rounded to bytes after both. sharp has no such filter.
 */
function boxResize(plane: Plane, side: number): Plane {
  return alongRows(transpose(alongRows(plane, side)), side, true);
}

function alongRows({ height, width, values }: Plane, side: number, turnBack = false): Plane {
  const out = newPlane(height, side);
  for (const [x, { first, end }] of windows(width, side).entries()) {
    for (let y = 0; y < height; y++) {
      let sum = 0;
      for (let from = first; from < end; from++) sum += values[y * width + from]!;
      out.values[y * side + x] = roundToByte(sum / (end - first));
    }
  }
  return turnBack ? transpose(out) : out;
}

/** Which old pixels each new one takes: half its width to either side, but never none. */
function windows(from: number, to: number): { first: number; end: number }[] {
  const scale = from / to;
  const reach = Math.max(0.5, scale / 2);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    return { first: Math.max(0, Math.floor(centre - reach + 0.5)), end: Math.min(from, Math.floor(centre + reach + 0.5)) };
  });
}

function transpose({ height, width, values }: Plane): Plane {
  return newPlane(
    width,
    height,
    Float64Array.from(values, (_, i) => values[(i % height) * width + Math.floor(i / height)]!),
  );
}
