/** Blur by a camera that moves in a straight line, as ImageMagick defines it. */
import { nearest } from './border.ts';
import { newPlane, type Plane } from './picture.ts';

export interface Motion {
  /** Pixels; the kernel has 2 * radius + 1 steps. */
  readonly radius: number;
  /** Of the half Gaussian along the way, in pixels. */
  readonly deviation: number;
}

/**
 * Weights fall off along one direction only (a half Gaussian), each step is rounded to a whole pixel, and beyond the border the edge pixel
 * goes on.
 *
 * @param degrees 0 looks to the right, 90 downwards
 * @source ImageMagick 6 and 7, MotionBlurImage
 */
export function motionBlur({ height, width, values }: Plane, { radius, deviation }: Motion, degrees: number): Plane {
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-(i * i) / (2 * deviation * deviation)));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const angle = (degrees * Math.PI) / 180;
  const out = newPlane(height, width);
  for (const [step, weight] of weights.entries()) {
    const dx = Math.ceil(step * Math.cos(angle) - 0.5);
    const dy = Math.ceil(step * Math.sin(angle) - 0.5);
    for (let y = 0; y < height; y++) {
      const row = width * nearest(y + dy, height);
      for (let x = 0; x < width; x++) out.values[y * width + x]! += (weight / sum) * values[row + nearest(x + dx, width)]!;
    }
  }
  return out;
}
