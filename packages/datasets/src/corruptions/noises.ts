/**
 * The four corruptions that change every value on its own. What they draw has an entry per value, (3, H, W).
 * @source Hendrycks and Dietterich, arXiv:1903.12261; settings of the published CIFAR version
 */
import type { Stream } from '@freetickets/sparse-core';
import { type Corruption, fill, valuesIn } from './corruption.ts';
import { clip, mapPicture, type Picture } from './picture.ts';
import { poisson } from './poisson.ts';

/** `value(old, drawn)` at every place. */
function withEach(picture: Picture, drawn: ArrayLike<number>, value: (old: number, drawn: number) => number): Picture {
  const plane = picture[0].values.length;
  return mapPicture(picture, (old, at, channel) => value(old, drawn[channel * plane + at]!));
}

const normals = (stream: Stream, _: unknown, picture: Picture): Float64Array => fill(valuesIn(picture), () => stream.normal());

/** Setting: the noise's standard deviation. Drawn: standard normals. */
export const gaussianNoise: Corruption<number, Float64Array> = {
  settings: [0.04, 0.06, 0.08, 0.09, 0.1],
  draw: normals,
  apply: (picture, deviation, drawn) => withEach(picture, drawn, (old, normal) => old + deviation * normal),
};

/** Noise that grows with the value. Setting: standard deviation at 1. Drawn: standard normals. */
export const speckleNoise: Corruption<number, Float64Array> = {
  settings: [0.06, 0.1, 0.12, 0.16, 0.2],
  draw: normals,
  apply: (picture, deviation, drawn) => withEach(picture, drawn, (old, normal) => old + old * deviation * normal),
};

/** The light of few photons. Setting: photons of a white value. Drawn: photons counted. */
export const shotNoise: Corruption<number, Float64Array> = {
  settings: [500, 250, 100, 75, 50],
  draw: (stream, photons, picture) =>
    Float64Array.from(picture.flatMap(({ values }) => Array.from(values, (v) => poisson(v * photons, stream)))),
  apply: (picture, photons, drawn) => withEach(picture, drawn, (_, counted) => counted / photons),
};

/** Salt and pepper, in each channel on its own. Setting: share of values replaced. Drawn: a uniform number for whether, then one for which. */
export const impulseNoise: Corruption<number, readonly [whether: Float64Array, which: Float64Array]> = {
  settings: [0.01, 0.02, 0.03, 0.05, 0.07],
  draw(stream, _, picture) {
    const whether = fill(valuesIn(picture), () => stream.uniform());
    return [whether, fill(valuesIn(picture), () => stream.uniform())];
  },
  apply(picture, share, [whether, which]) {
    const replaced = withEach(picture, whether, (old, uniform) => (uniform <= share ? Number.NaN : clip(old)));
    return withEach(replaced, which, (old, uniform) => (Number.isNaN(old) ? Number(uniform <= 0.5) : old));
  },
};
