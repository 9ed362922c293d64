import { between, type Corruption, fill } from './corruption.ts';
import { type Motion, motionBlur } from './motion.ts';
import { clip, mapPicture, mapPlane, newPlane, type Picture, roundToByte } from './picture.ts';
import { zoomIn } from './zoom.ts';

export interface Snow {
  /** Of the layer of flakes before anything is cut off. */
  readonly mean: number;
  readonly deviation: number;
  readonly zoom: number;
  /** Values below are no flakes. */
  readonly threshold: number;
  /** How flakes fall. */
  readonly motion: Motion;
  /** Share of the picture that keeps its colour; the rest whitens. */
  readonly colour: number;
}

/** Drawn: standard normals (H, W) for the flakes, and the direction of their fall in degrees, from -135 to -45. */
export interface Flakes {
  readonly normals: Float64Array;
  readonly degrees: number;
}

const snowOf = (mean: number, deviation: number, zoom: number, threshold: number, radius: number, blur: number, colour: number): Snow => ({
  mean,
  deviation,
  zoom,
  threshold,
  motion: { radius, deviation: blur },
  colour,
});

/** Flakes over a whitened picture; the layer of flakes lies on it twice, the second time turned by half a circle. */
export const snow: Corruption<Snow, Flakes> = {
  settings: [
    snowOf(0.1, 0.2, 1, 0.6, 8, 3, 0.95),
    snowOf(0.1, 0.2, 1, 0.5, 10, 4, 0.9),
    snowOf(0.15, 0.3, 1.75, 0.55, 10, 4, 0.9),
    snowOf(0.25, 0.3, 2.25, 0.6, 12, 6, 0.85),
    snowOf(0.3, 0.3, 1.25, 0.65, 14, 12, 0.8),
  ],
  draw: (stream, _, [{ values }]) => ({ normals: fill(values.length, () => stream.normal()), degrees: between(stream, -135, -45) }),
  apply(picture, { colour, ...setting }, flakes) {
    const layer = layerOf(picture, setting, flakes);
    const last = layer.length - 1;
    const [red, green, blue] = picture.map(({ values }) => values) as [Float64Array, Float64Array, Float64Array];
    return mapPicture(picture, (old, at) => {
      const grey = 0.299 * red[at]! + 0.587 * green[at]! + 0.114 * blue[at]!;
      return colour * old + (1 - colour) * Math.max(old, 1.5 * grey + 0.5) + layer[at]! + layer[last - at]!;
    });
  },
};

/** (H, W) in [0, 1]. It passes through eight bits before and after the blur, as published. */
function layerOf([{ height, width }]: Picture, setting: Omit<Snow, 'colour'>, { normals, degrees }: Flakes): Float64Array {
  const drawn = newPlane(
    height,
    width,
    normals.map((normal) => setting.mean + setting.deviation * normal),
  );
  const flakes = mapPlane(zoomIn(drawn, setting.zoom), (value) => (value < setting.threshold ? 0 : Math.floor(255 * clip(value)) / 255));
  return motionBlur(flakes, setting.motion, degrees).values.map(roundToByte);
}
