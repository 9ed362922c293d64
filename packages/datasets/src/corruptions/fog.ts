import type { Corruption } from './corruption.ts';
import { mapPicture } from './picture.ts';
import { plasma, plasmaNoise } from './plasma.ts';

export interface Fog {
  readonly strength: number;
  /** How fast the clouds' finer parts become weaker. */
  readonly decay: number;
}

/** Clouds added, then scaled back to the picture's brightest value. Drawn: the noise of the clouds. For squares with a power of two as side. */
export const fog: Corruption<Fog, Float64Array> = {
  settings: [
    { strength: 0.2, decay: 3 },
    { strength: 0.5, decay: 3 },
    { strength: 0.75, decay: 2.5 },
    { strength: 1, decay: 2 },
    { strength: 1.5, decay: 1.75 },
  ],
  draw: (stream, _, [{ height }]) => plasmaNoise(height, stream),
  apply(picture, { strength, decay }, noise) {
    const clouds = plasma(picture[0].height, decay, noise).values;
    const brightest = Math.max(...picture.map(({ values }) => values.reduce((a, b) => Math.max(a, b))));
    return mapPicture(picture, (old, at) => ((old + strength * clouds[at]!) * brightest) / (brightest + strength));
  },
};
