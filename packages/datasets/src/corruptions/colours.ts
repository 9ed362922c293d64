/** Brightness, contrast and saturation: nothing is drawn at random. */
import { hsvOf, rgbOf, type Triple } from '../hsv.ts';
import { type Corruption, drawNothing } from './corruption.ts';
import { clip, mapPlane, mapPlanes, newPlane, type Picture } from './picture.ts';

/** Setting: what is added to the value of each colour (as in hue, saturation, value). */
export const brightness: Corruption<number, undefined> = {
  settings: [0.05, 0.1, 0.15, 0.2, 0.3],
  draw: drawNothing,
  apply: (picture, more) => mapColours(picture, ([hue, saturation, value]) => rgbOf(hue, saturation, clip(value + more))),
};

/** Setting: how far from the channel's mean values stay, as a factor. */
export const contrast: Corruption<number, undefined> = {
  settings: [0.75, 0.5, 0.4, 0.3, 0.15],
  draw: drawNothing,
  apply: (picture, factor) =>
    mapPlanes(picture, (plane) => {
      const mean = plane.values.reduce((sum, value) => sum + value, 0) / plane.values.length;
      return mapPlane(plane, (old) => (old - mean) * factor + mean);
    }),
};

export interface Saturation {
  readonly factor: number;
  readonly more: number;
}

/** Severities 1 and 2 take colour away, the others add some. */
export const saturate: Corruption<Saturation, undefined> = {
  settings: [
    { factor: 0.3, more: 0 },
    { factor: 0.1, more: 0 },
    { factor: 1.5, more: 0 },
    { factor: 2, more: 0.1 },
    { factor: 2.5, more: 0.2 },
  ],
  draw: drawNothing,
  apply: (picture, { factor, more }) =>
    mapColours(picture, ([hue, saturation, value]) => rgbOf(hue, clip(saturation * factor + more), value)),
};

/** @param change from hue, saturation and value to red, green and blue */
function mapColours(picture: Picture, change: (hsv: Triple) => Triple): Picture {
  const [red, green, blue] = picture;
  const out = mapPlanes(picture, ({ height, width }) => newPlane(height, width));
  for (let at = 0; at < red.values.length; at++) {
    const colour = change(hsvOf(red.values[at]!, green.values[at]!, blue.values[at]!));
    for (const [channel, { values }] of out.entries()) values[at] = colour[channel]!;
  }
  return out;
}
