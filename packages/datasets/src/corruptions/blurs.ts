/** Out of focus, and the plain Gaussian blur. Neither draws anything. */
import { type Corruption, drawNothing } from './corruption.ts';
import { correlate, gaussian, gaussianWeights } from './filters.ts';
import { mapPlanes, newPlane, type Plane } from './picture.ts';

/** Setting: standard deviation in pixels; the edge pixel goes on beyond the border. */
export const gaussianBlur: Corruption<number, undefined> = {
  settings: [0.4, 0.6, 0.7, 0.8, 1],
  draw: drawNothing,
  apply: (picture, deviation) => mapPlanes(picture, (plane) => gaussian(plane, deviation)),
};

export interface Disk {
  /** In pixels. */
  readonly radius: number;
  /** Of the 3x3 Gaussian that softens the disk's edge. */
  readonly edge: number;
}

/** A lens out of focus: each point becomes a disk. */
export const defocusBlur: Corruption<Disk, undefined> = {
  settings: [
    { radius: 0.3, edge: 0.4 },
    { radius: 0.4, edge: 0.5 },
    { radius: 0.5, edge: 0.6 },
    { radius: 1, edge: 0.2 },
    { radius: 1.5, edge: 0.1 },
  ],
  draw: drawNothing,
  apply(picture, disk) {
    const kernel = kernelOf(disk);
    return mapPlanes(picture, (plane) => correlate(plane, kernel));
  },
};

/** Side of the grid that the disk is drawn on; the largest disk with its soft edge takes 5 pixels of it. */
const SIDE = 17;

function kernelOf({ radius, edge }: Disk): Plane {
  const half = SIDE >> 1;
  const inside = Float64Array.from({ length: SIDE * SIDE }, (_, i) =>
    Number(((i % SIDE) - half) ** 2 + (Math.floor(i / SIDE) - half) ** 2 <= radius ** 2),
  );
  const area = inside.reduce((sum, value) => sum + value, 0);
  const weights = gaussianWeights(edge, 1);
  const edgeKernel = newPlane(
    3,
    3,
    Float64Array.from({ length: 9 }, (_, i) => weights[i % 3]! * weights[Math.floor(i / 3)]!),
  );
  return correlate(
    newPlane(
      SIDE,
      SIDE,
      inside.map((value) => value / area),
    ),
    edgeKernel,
  );
}
