/** Linear filters on one plane: a separable Gaussian, any small kernel, and a mean of 3x3. */
import { type Border, mirror, nearest } from './border.ts';
import { newPlane, type Plane } from './picture.ts';

export interface GaussianOptions {
  readonly border?: Border;
  /** The kernel ends after so many standard deviations. */
  readonly truncate?: number;
}

/** @param deviation of the Gaussian, in pixels; where the kernel is one pixel wide the plane comes back as it is */
export function gaussian(plane: Plane, deviation: number, { border = nearest, truncate = 4 }: GaussianOptions = {}): Plane {
  const radius = Math.floor(truncate * deviation + 0.5);
  if (radius === 0) return plane;
  const weights = gaussianWeights(deviation, radius);
  return alongColumns(alongRows(plane, weights, radius, border), weights, radius, border);
}

/** 2 * radius + 1 weights whose sum is 1. */
export function gaussianWeights(deviation: number, radius: number): Float64Array {
  const weights = Float64Array.from({ length: 2 * radius + 1 }, (_, i) => Math.exp(-0.5 * ((i - radius) / deviation) ** 2));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

function alongRows({ height, width, values }: Plane, weights: Float64Array, radius: number, border: Border): Plane {
  const from = Int32Array.from({ length: width + 2 * radius }, (_, i) => border(i - radius, width));
  const out = newPlane(height, width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += weights[k]! * values[y * width + from[x + k]!]!;
      out.values[y * width + x] = sum;
    }
  }
  return out;
}

function alongColumns({ height, width, values }: Plane, weights: Float64Array, radius: number, border: Border): Plane {
  const from = Int32Array.from({ length: height + 2 * radius }, (_, i) => width * border(i - radius, height));
  const out = newPlane(height, width);
  for (let y = 0; y < height; y++) {
    for (let k = 0; k < weights.length; k++) {
      const [weight, row] = [weights[k]!, from[y + k]!];
      for (let x = 0; x < width; x++) out.values[y * width + x]! += weight * values[row + x]!;
    }
  }
  return out;
}

/**
 * Correlation with a kernel of odd sides, centred, over the mirrored border. Kernels of settings are the same for every picture, and most
 * of a small disk's weights are 0: those are skipped.
 */
export function correlate(plane: Plane, kernel: Plane): Plane {
  const { height, width, values } = plane;
  const out = newPlane(height, width);
  for (const [at, weight] of kernel.values.entries()) {
    if (weight === 0) continue;
    const dy = Math.floor(at / kernel.width) - (kernel.height >> 1);
    const dx = (at % kernel.width) - (kernel.width >> 1);
    const columns = Int32Array.from({ length: width }, (_, x) => mirror(x + dx, width));
    for (let y = 0; y < height; y++) {
      const row = width * mirror(y + dy, height);
      for (let x = 0; x < width; x++) out.values[y * width + x]! += weight * values[row + columns[x]!]!;
    }
  }
  return out;
}

const ONES = newPlane(3, 3, new Float64Array(9).fill(1));

/** Sum over 3x3, the border mirrored; a ninth of it is the mean. Whole numbers stay exact. */
export const sum3x3 = (plane: Plane): Plane => correlate(plane, ONES);
