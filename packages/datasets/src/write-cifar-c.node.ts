/**
 * The files of CIFAR-10-C, made from clean pictures: what `cifarC` reads, and everything else that reads the published ones. Made once, they
 * serve every evaluation, where `corrupted` makes its pictures anew each time.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CorruptionName, corruptionNames } from '@freetickets/sparse-core';
import { writeFileAtomic } from '@freetickets/sparse-core/node';
import { checkShape, corrupted } from './corruptions/corrupted.node.ts';
import { checkCell, severities } from './corruptions/names.ts';
import type { Dataset, PictureShape, Samples } from './dataset.ts';
import { chwToHwc } from './hwc-to-chw.ts';
import { npyBytes } from './npy.ts';

export interface WriteCifarCOptions {
  readonly dataset: Pick<Dataset, 'shape'>;
  /** At most 256 classes. */
  readonly clean: Samples;
  /** Default: all 19. */
  readonly corruptions?: readonly string[];
  /** Default 17. */
  readonly seed?: number;
  /** Called after each severity. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * `labels.npy` and a file for each corruption, its five severities one after the other (154 MB for 10,000 pictures, all in memory at once).
 * Files of that name are replaced when the new one is whole.
 *
 * @returns the corruptions written
 * @throws SparseError INVALID_ARGUMENT for an unknown corruption, SHAPE_MISMATCH for pictures of another shape than 3x32x32
 * @example await writeCifarC('cifar-10-c', { dataset: set, clean: set.test, corruptions: ['fog'] });
 */
export async function writeCifarC(folder: string, options: WriteCifarCOptions): Promise<CorruptionName[]> {
  const { dataset, clean, corruptions = corruptionNames, seed, onProgress } = options;
  checkShape(dataset.shape);
  const names = corruptions.map((corruption) => checkCell({ corruption, severity: 1 }).corruption);
  const [channels, height, width] = dataset.shape as PictureShape;
  await mkdir(folder, { recursive: true });
  const rows = severities.length * clean.size;
  const labels = Uint8Array.from({ length: rows }, (_, i) => clean.labels[i % clean.size]!);
  await writeFileAtomic(join(folder, 'labels.npy'), npyBytes([rows], labels));
  const total = names.length * severities.length;
  for (const [n, corruption] of names.entries()) {
    const pictures = new Uint8Array(rows * channels * height * width);
    for (const [s, severity] of severities.entries()) {
      const { images } = await corrupted(clean, { dataset, corruption, severity, ...(seed !== undefined && { seed }) });
      chwToHwc(images, pictures.subarray(s * images.length, (s + 1) * images.length), channels, height * width);
      onProgress?.(n * severities.length + s + 1, total);
    }
    await writeFileAtomic(join(folder, `${corruption}.npy`), npyBytes([rows, height, width, channels], pictures));
  }
  return names;
}
