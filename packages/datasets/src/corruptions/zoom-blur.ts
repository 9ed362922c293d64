import { type Corruption, drawNothing } from './corruption.ts';
import { mapPlane, mapPlanes } from './picture.ts';
import { zoomIn } from './zoom.ts';

/**
 * A lens that zooms while the shutter is open: the mean of the picture and its enlargements by 1, 1.01, 1.02 and so on. Setting: how many
 * enlargements.
 */
export const zoomBlur: Corruption<number, undefined> = {
  settings: [7, 12, 16, 21, 26],
  draw: drawNothing,
  apply: (picture, count) =>
    mapPlanes(picture, (plane) => {
      const sum = plane.values.slice();
      for (let i = 0; i < count; i++) {
        const { values } = zoomIn(plane, 1 + i * 0.01);
        for (let at = 0; at < sum.length; at++) sum[at]! += values[at]!;
      }
      return mapPlane(plane, (_, at) => sum[at]! / (count + 1));
    }),
};
