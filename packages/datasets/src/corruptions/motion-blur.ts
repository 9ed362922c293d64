import { between, type Corruption } from './corruption.ts';
import { motionBlur as blurPlane, type Motion } from './motion.ts';
import { mapPlane, mapPlanes, roundToByte } from './picture.ts';

/** A camera in motion. Drawn: its direction in degrees, from -45 to 45. The result is rounded to bytes, as by the file it once went through. */
export const motionBlur: Corruption<Motion, number> = {
  settings: [
    { radius: 6, deviation: 1 },
    { radius: 6, deviation: 1.5 },
    { radius: 6, deviation: 2 },
    { radius: 8, deviation: 2 },
    { radius: 9, deviation: 2.5 },
  ],
  draw: (stream) => between(stream, -45, 45),
  apply: (picture, motion, degrees) => mapPlanes(picture, (plane) => mapPlane(blurPlane(plane, motion, degrees), roundToByte)),
};
