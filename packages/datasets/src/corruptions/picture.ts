/**
 * Pictures as the corruptions see them: planes of floating-point values, 1 is white. Between two operations values may leave [0, 1]; they are
 * clipped once, when they become bytes again.
 */

/** One channel, row-major. */
export interface Plane {
  readonly height: number;
  readonly width: number;
  /** (H, W) */
  readonly values: Float64Array;
}

/** Red, green and blue, all of one size. */
export type Picture = readonly [red: Plane, green: Plane, blue: Plane];

export function newPlane(height: number, width: number, values: Float64Array = new Float64Array(height * width)): Plane {
  return { height, width, values };
}

/** A plane of the same size, each value made from the old one. */
export function mapPlane(plane: Plane, value: (old: number, at: number) => number): Plane {
  return newPlane(plane.height, plane.width, plane.values.map(value));
}

/** @param value of channel 0, 1 or 2 at a position within its plane */
export function mapPicture(picture: Picture, value: (old: number, at: number, channel: number) => number): Picture {
  return mapPlanes(picture, (plane, channel) => mapPlane(plane, (old, at) => value(old, at, channel)));
}

export function mapPlanes([red, green, blue]: Picture, change: (plane: Plane, channel: number) => Plane): Picture {
  return [change(red, 0), change(green, 1), change(blue, 2)];
}

export const clip = (value: number): number => Math.min(1, Math.max(0, value));

/** @param from where the picture (3, H, W) starts in `images` */
export function pictureAt(images: Uint8Array, from: number, height: number, width: number): Picture {
  const plane = (channel: number) => {
    const start = from + channel * height * width;
    return newPlane(
      height,
      width,
      Float64Array.from(images.subarray(start, start + height * width), (byte) => byte / 255),
    );
  };
  return [plane(0), plane(1), plane(2)];
}

/** A value that should be whole must not lose a level because it came out as 253.99999999. */
const ROUNDING = 1e-6;

/** To the level below. */
export const cutToByte = (value: number): number => Math.floor(255 * clip(value) + ROUNDING) / 255;

/** Clips to [0, 1] and cuts the fraction of 255 times the value off, as the published sets do. */
export function writePicture(picture: Picture, images: Uint8Array, to: number): void {
  for (const [channel, { values }] of picture.entries()) {
    const start = to + channel * values.length;
    for (let at = 0; at < values.length; at++) images[start + at] = Math.floor(255 * clip(values[at]!) + ROUNDING);
  }
}

/** To the nearest of 256 levels, halves upwards: what passing through an 8-bit file does. */
export const roundToByte = (value: number): number => Math.floor(255 * clip(value) + 0.5 + ROUNDING) / 255;
