/**
 * Corrupted copies of clean pictures. A picture's copy is a function of (seed, corruption, severity, its place in the set), whichever
 * others are made with it; one cell of 10,000 pictures takes 31 MB.
 */
import { setImmediate as immediate } from 'node:timers/promises';
import { rng, SparseError } from '@freetickets/sparse-core';
import type { Dataset, PictureShape, Samples } from '../dataset.ts';
import { sharedBytes } from '../shared-bytes.ts';
import { catalogue } from './catalogue.node.ts';
import { type Cell, checkCell } from './names.ts';
import { pictureAt, writePicture } from './picture.ts';

export interface CorruptedOptions extends Cell {
  /** A data set, or anything else that knows the pictures' shape. */
  readonly dataset: Pick<Dataset, 'shape'>;
  /** Default 17. */
  readonly seed?: number;
}

/**
 * The samples with one of the 19 corruptions at a severity from 1 to 5; labels and order stay. For pictures of 3x32x32, for which the
 * settings were published.
 *
 * @throws SparseError INVALID_ARGUMENT for an unknown corruption or severity; SHAPE_MISMATCH for other pictures
 * @source Hendrycks and Dietterich, arXiv:1903.12261, in the settings of CIFAR-10-C; docs/numerics.md says where this differs
 * @example sourceOf(await corrupted(set.test, { dataset: set, corruption: 'fog', severity: 3 }), { dataset: set })
 */
export async function corrupted(samples: Samples, { dataset, corruption, severity, seed = 17 }: CorruptedOptions): Promise<Samples> {
  const cell = checkCell({ corruption, severity });
  checkShape(dataset.shape);
  const [channels, height, width] = dataset.shape;
  const pixels = channels * height * width;
  if (samples.images.length !== samples.size * pixels) {
    throw new SparseError(
      'SHAPE_MISMATCH',
      'samples',
      `${samples.size * pixels} bytes for ${samples.size} pictures`,
      `${samples.images.length} bytes`,
    );
  }
  const images = sharedBytes(samples.images.length);
  const random = rng(seed);
  const corrupt = catalogue[cell.corruption];
  for (let i = 0; i < samples.size; i++) {
    if (i % 256 === 255) await immediate(); // signals and progress bars get their turn
    const stream = random.stream('corruption', cell.corruption, cell.severity, i);
    const made = corrupt(pictureAt(samples.images, i * pixels, height, width), cell.severity, stream);
    writePicture(made instanceof Promise ? await made : made, images, i * pixels);
  }
  return { size: samples.size, images, labels: samples.labels };
}

/** @throws SparseError SHAPE_MISMATCH for other pictures than those that the settings were published for */
export function checkShape([channels, height, width]: PictureShape): void {
  if (channels === 3 && height === 32 && width === 32) return;
  const hint = 'The settings of the corruptions were published for pictures of this size';
  throw new SparseError('SHAPE_MISMATCH', 'dataset.shape', 'pictures of 3x32x32 to corrupt', `${channels}x${height}x${width}`, hint);
}
