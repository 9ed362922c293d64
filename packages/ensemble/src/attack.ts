/**
 * Adversarial pictures: FGSM and PGD in the largest-change norm. Everything is in units of pixels in [0, 1]; networks see normalised pictures, so
 * the room around each value is worked out in those. Added to normalised values, one epsilon would mean another change in every channel.
 */
import { rng, SparseError } from '@freetickets/sparse-core';

/** Gradient of a loss that is to grow, (size, C, H, W), up to a positive factor of each picture's own. */
export type ImageGradient = (images: Float32Array, labels: Int32Array) => Promise<Float32Array>;

/** How pixels became network input: `(pixel - mean) / std`, per channel. */
export interface PixelScale {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

export interface AttackOptions {
  /** `fgsm`: one step from the picture itself. `pgd`: many, from a random place in the room. */
  readonly kind: 'fgsm' | 'pgd';
  /** Largest change of a pixel, in [0, 1]. */
  readonly epsilon: number;
  /** Of PGD. Default 10. */
  readonly steps?: number;
  /** Of one step of PGD. Default 2.5 * epsilon / steps. */
  readonly stepSize?: number;
  /** Keys where PGD starts. Default 0. */
  readonly seed?: number;
  /** Index of the first of these pictures in the whole set: a picture's start does not depend on its batch. Default 0. */
  readonly firstIndex?: number;
}

/**
 * @param images (size, C, H, W), normalised by `scale`; not changed
 * @returns normalised pictures whose pixels are at most epsilon away and in [0, 1], up to float32 rounding
 * @throws SparseError INVALID_ARGUMENT for options that are none, SHAPE_MISMATCH when pictures and channels do not fit
 * @source FGSM: arXiv:1412.6572; PGD with a random start: arXiv:1706.06083
 */
export async function attack(
  images: Float32Array,
  labels: Int32Array,
  scale: PixelScale,
  gradient: ImageGradient,
  { kind, epsilon, steps = 10, stepSize = (2.5 * epsilon) / steps, seed = 0, firstIndex = 0 }: AttackOptions,
): Promise<Float32Array> {
  check({ kind, epsilon, steps, stepSize });
  const channel = channelsOf(images, labels.length, scale);
  const low = images.map((value, i) =>
    Math.max(value - epsilon / scale.std[channel(i)]!, -scale.mean[channel(i)]! / scale.std[channel(i)]!),
  );
  const high = images.map((value, i) =>
    Math.min(value + epsilon / scale.std[channel(i)]!, (1 - scale.mean[channel(i)]!) / scale.std[channel(i)]!),
  );
  const step = kind === 'fgsm' ? epsilon : stepSize;
  const now = kind === 'fgsm' ? images.slice() : randomPlace(low, high, labels.length, seed, firstIndex);
  for (let left = kind === 'fgsm' ? 1 : steps; left > 0; left--) {
    const slope = await gradient(now, labels);
    for (let i = 0; i < now.length; i++) {
      const moved = now[i]! + (Math.sign(slope[i]!) * step) / scale.std[channel(i)]!;
      now[i] = Math.min(Math.max(moved, low[i]!), high[i]!);
    }
  }
  return now;
}

/** Uniform between `low` and `high`; each picture has a stream of its own. */
function randomPlace(low: Float32Array, high: Float32Array, size: number, seed: number, firstIndex: number): Float32Array {
  const place = new Float32Array(low.length);
  const pixels = low.length / size;
  for (let n = 0; n < size; n++) {
    const stream = rng(seed).stream('attack', firstIndex + n);
    for (let i = n * pixels; i < (n + 1) * pixels; i++) place[i] = low[i]! + stream.uniform() * (high[i]! - low[i]!);
  }
  return place;
}

/** The channel of each value of the pictures. */
function channelsOf(images: Float32Array, size: number, { mean, std }: PixelScale): (index: number) => number {
  const plane = images.length / (size * mean.length);
  if (mean.length !== std.length || !Number.isInteger(plane) || plane < 1)
    throw new SparseError(
      'SHAPE_MISMATCH',
      'attack: images',
      `${size} pictures of ${mean.length} channels`,
      new Error(`${images.length} numbers`),
    );
  return (index) => Math.floor(index / plane) % mean.length;
}

function check({ kind, epsilon, steps, stepSize }: { readonly kind: string; epsilon: number; steps: number; stepSize: number }): void {
  const refuse = (at: string, expected: string, received: unknown) => {
    throw new SparseError('INVALID_ARGUMENT', `attack.${at}`, expected, received);
  };
  if (kind !== 'fgsm' && kind !== 'pgd') refuse('kind', 'fgsm or pgd', kind);
  if (!(epsilon > 0 && epsilon <= 1)) refuse('epsilon', 'a number above 0 and at most 1, in units of pixels in [0, 1]', epsilon);
  if (!Number.isSafeInteger(steps) || steps < 1) refuse('steps', 'a whole number of at least 1', steps);
  if (!(stepSize > 0)) refuse('stepSize', 'a number above 0', stepSize);
}
