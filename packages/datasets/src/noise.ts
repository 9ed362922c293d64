/** Pictures of nothing: every value drawn on its own. A network that is sure of what it sees in them is wrong. */
import { rng, SparseError } from '@freetickets/sparse-core';
import type { Dataset, Samples } from './dataset.ts';
import { sharedBytes } from './shared-bytes.ts';

export const noiseKinds = ['gaussian', 'uniform'] as const;

export interface NoiseOptions {
  /** Gaussian: normal with mean 1/2 and standard deviation 1/4, cut at black and white. Uniform: all bytes alike. */
  readonly kind: (typeof noiseKinds)[number];
  /** Whose shape the pictures take. */
  readonly dataset: Pick<Dataset, 'shape'>;
  /** Default 10000. */
  readonly size?: number;
  /** Default 17. */
  readonly seed?: number;
}

/**
 * All labels are 0. Picture i is a function of (seed, kind, shape, i).
 *
 * @throws SparseError INVALID_ARGUMENT for a size that is no whole number from 1 to 1,000,000, or an unknown kind
 * @source the Gaussian ones: the published code of the reference experiments, `clip(N(0, 0.5), -1, 1) / 2 + 0.5`
 */
export function noise({ kind, dataset, size = 10_000, seed = 17 }: NoiseOptions): Samples {
  if (!noiseKinds.includes(kind)) throw new SparseError('INVALID_ARGUMENT', 'kind', `one of ${noiseKinds.join(', ')}`, kind);
  if (!Number.isSafeInteger(size) || size < 1 || size > 1_000_000) {
    throw new SparseError('INVALID_ARGUMENT', 'size', 'a whole number from 1 to 1000000', size);
  }
  const pixels = dataset.shape.reduce((product, length) => product * length, 1);
  const images = sharedBytes(size * pixels);
  const random = rng(seed);
  for (let i = 0; i < size; i++) {
    const stream = random.stream('noise', kind, i);
    for (let at = i * pixels; at < (i + 1) * pixels; at++) {
      images[at] = kind === 'uniform' ? stream.below(256) : Math.round(255 * Math.min(1, Math.max(0, 0.5 + 0.25 * stream.normal())));
    }
  }
  return { size, images, labels: new Int32Array(size) };
}
