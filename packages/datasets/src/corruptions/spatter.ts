import { canny } from './canny.ts';
import { chamferDistance } from './chamfer.ts';
import { type Corruption, fill } from './corruption.ts';
import { correlate, gaussian, sum3x3 } from './filters.ts';
import { mapPicture, mapPlane, newPlane, type Picture, type Plane } from './picture.ts';
import { roundHalfEven } from './round-half-even.ts';

export interface Spatter {
  readonly liquid: 'water' | 'mud';
  readonly mean: number;
  readonly deviation: number;
  /** Of the drops, in pixels. */
  readonly blur: number;
  /** Below it there is no drop. */
  readonly threshold: number;
  /** Water: its brightness. Mud: the blur of its edge, in pixels. */
  readonly strength: number;
}

const spatterOf = (
  liquid: Spatter['liquid'],
  mean: number,
  deviation: number,
  blur: number,
  threshold: number,
  strength: number,
): Spatter => ({
  liquid,
  mean,
  deviation,
  blur,
  threshold,
  strength,
});

/** Pale turquoise. */
const WATER = [175 / 255, 238 / 255, 238 / 255] as const;
/** Brown. */
const MUD = [63 / 255, 42 / 255, 20 / 255] as const;

/** Drops on the lens: water that lightens its rims at severity 1 to 3, mud above. Drawn: standard normals (H, W). */
export const spatter: Corruption<Spatter, Float64Array> = {
  settings: [
    spatterOf('water', 0.62, 0.1, 0.7, 0.7, 0.5),
    spatterOf('water', 0.65, 0.1, 0.8, 0.7, 0.5),
    spatterOf('water', 0.65, 0.3, 1, 0.69, 0.5),
    spatterOf('mud', 0.65, 0.1, 0.7, 0.69, 0.6),
    spatterOf('mud', 0.65, 0.1, 0.5, 0.68, 0.6),
  ],
  draw: (stream, _, [{ values }]) => fill(values.length, () => stream.normal()),
  apply(picture, setting, normals) {
    const { mean, deviation, blur, threshold } = setting;
    const [{ height, width }] = picture;
    const noise = newPlane(
      height,
      width,
      normals.map((normal) => mean + deviation * normal),
    );
    const drops = mapPlane(gaussian(noise, blur), (value) => (value < threshold ? 0 : value));
    return setting.liquid === 'water' ? addWater(picture, drops, setting.strength) : coverWithMud(picture, drops, setting);
  },
};

function addWater(picture: Picture, drops: Plane, strength: number): Picture {
  // The few values above 1 wrap around, as they did in the published sets.
  const bytes = mapPlane(drops, (value) => Math.floor(255 * value) & 255);
  const relief = reliefOf(bytes).values;
  const water = bytes.values.map((value, at) => value * relief[at]!);
  const most = water.reduce((a, b) => Math.max(a, b), 0);
  if (most === 0) return picture; // no drop fell
  return mapPicture(picture, (old, at, channel) => old + (strength * water[at]! * WATER[channel]!) / most);
}

const EMBOSS = newPlane(3, 3, Float64Array.of(-2, -1, 0, -1, 0, 1, 0, 1, 2));
/** Distances from an outline beyond this count the same. */
const FARTHEST = 20;

/** Light on the drops' rims: how far each pixel is from an outline, with its histogram levelled, lit from one corner. In [0, 255]. */
function reliefOf(bytes: Plane): Plane {
  const distances = mapPlane(chamferDistance(canny(bytes, 50, 150)), (distance) => Math.min(FARTHEST, distance));
  // A tenth of a thousandth: sums of 1.4 and 2.1969 that are whole must not fall short.
  const smooth = mapPlane(sum3x3(distances), (sum) => Math.floor(sum / 9 + 1e-5));
  const lit = mapPlane(correlate(levelled(smooth), EMBOSS), (value) => Math.min(255, Math.max(0, value)));
  return mapPlane(sum3x3(lit), (sum) => Math.round(sum / 9));
}

/** Whole numbers of 0 to 255 spread so that each range holds about as many pixels; a plane of one value stays as it is. */
function levelled(plane: Plane): Plane {
  const counts = new Float64Array(256);
  for (const value of plane.values) counts[value]!++;
  const least = counts.findIndex((count) => count > 0);
  const others = plane.values.length - counts[least]!;
  if (others === 0) return plane;
  let seen = -counts[least]!;
  const levels = counts.map((count) => {
    seen += count;
    return Math.max(0, roundHalfEven((seen * 255) / others));
  });
  return mapPlane(plane, (value) => levels[value]!);
}

function coverWithMud(picture: Picture, drops: Plane, { threshold, strength }: Spatter): Picture {
  const covered = gaussian(
    mapPlane(drops, (value) => Number(value > threshold)),
    strength,
  );
  const mud = covered.values.map((share) => (share < 0.8 ? 0 : share));
  return mapPicture(picture, (old, at, channel) => old * (1 - mud[at]!) + MUD[channel]! * mud[at]!);
}
