import { SparseError } from '@freetickets/sparse-core';
import type { Samples } from './dataset.ts';

/**
 * Cuts the last part off as validation samples: no copy, no shuffle, so the cut is the same everywhere and always. This is the split
 * of the reference experiments (MNIST 54,000 / 6,000, CIFAR 45,000 / 5,000).
 *
 * It asks for samples whose order mixes the classes. All loaders of this package give such an order: image folders, which lie sorted
 * by class on disk, and what `takePerClass` leaves are interleaved in proportion, so that each of their tails holds every class in its share.
 *
 * @param fraction share of the samples that becomes validation, in (0, 1); the count is rounded
 * @throws SparseError INVALID_ARGUMENT when one of the two parts would be empty
 */
export function splitValidation(samples: Samples, fraction: number): { train: Samples; validation: Samples } {
  const held = Math.round(samples.size * fraction);
  if (!(fraction > 0 && fraction < 1)) throw new SparseError('INVALID_ARGUMENT', 'fraction', 'a share above 0 and below 1', fraction);
  if (held === 0 || held === samples.size) {
    throw new SparseError(
      'INVALID_ARGUMENT',
      'fraction',
      'at least one sample on either side of the split',
      `${samples.size - held} for training and ${held} for validation`,
      `There are ${samples.size} samples and the fraction is ${fraction}`,
    );
  }
  return { train: slice(samples, 0, samples.size - held), validation: slice(samples, samples.size - held, samples.size) };
}

function slice(samples: Samples, from: number, to: number): Samples {
  const pixels = samples.images.length / samples.size;
  return { size: to - from, images: samples.images.subarray(from * pixels, to * pixels), labels: samples.labels.subarray(from, to) };
}
