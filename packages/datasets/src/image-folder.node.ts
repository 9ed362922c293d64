/**
 * A data set out of pictures on disk: `train/<class>/...` and `test/<class>/...` in a folder or a tar archive, possibly below one top
 * folder. Decoded once, then read from the cache.
 */
import { stat } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { archiveStore } from './archive-store.node.ts';
import { type CacheOptions, cached } from './cache.node.ts';
import { cropFlip, type Dataset } from './dataset.ts';
import { decodeSet, type Progress } from './decode-set.node.ts';
import { folderStore } from './folder-store.node.ts';
import { type Layout, layoutOf } from './layout.ts';
import { normalizationOf } from './normalization.ts';
import type { PictureStore } from './picture-store.ts';
import { checkLimit } from './take-per-class.ts';

export interface ImageFolderOptions extends CacheOptions {
  /** Only the first N pictures of each class, by name, in train and in test alike; only those are decoded. */
  readonly limitPerClass?: number;
  /** One number for squares. The shorter side is scaled to fit and the middle is cut out. Absent: all pictures must have one size. */
  readonly size?: number | readonly [height: number, width: number];
  /** `crop-flip`: pad 4 (reflect), crop, mirror half. Default none. */
  readonly augmentation?: 'none' | 'crop-flip';
  /** Called after each decoded picture. */
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Classes are the folder names, sorted; pictures of a class are sorted by name, and the classes are interleaved in proportion, so that
 * `splitValidation` cuts off every class's share. The set has 1 channel when every picture is grey (red = green = blue in each pixel),
 * else 3. Mean and std are those of the training pictures. At most 2 GiB decoded.
 *
 * @param path a folder, or a .tar, .tar.gz or .tgz archive; archives are streamed, not unpacked
 * @throws SparseError MISSING_FILE; BAD_FILE for another layout, a damaged archive or picture, or pictures of different sizes
 */
export async function imageFolder(path: string, options: ImageFolderOptions = {}): Promise<Dataset> {
  const { limitPerClass, augmentation = 'none' } = options;
  if (limitPerClass !== undefined) checkLimit(limitPerClass);
  if (augmentation !== 'none' && augmentation !== 'crop-flip') {
    throw new SparseError('INVALID_ARGUMENT', 'augmentation', 'none or crop-flip', augmentation);
  }
  const size = options.size === undefined ? undefined : checkSize(options.size);
  const store = await openStore(path);
  const key = { fingerprint: await store.fingerprint(), options: { limitPerClass, size } };
  const decoded = await cached(path, key, options, async () => {
    const layout = layoutOf(await store.list(), path);
    if (layout.ignored.length > 0) {
      options.onNotice?.(
        `${path}: ${layout.ignored.length} files are no JPEG or PNG pictures of a class and were left out, first ${layout.ignored[0]}`,
      );
    }
    return decodeSet(store, limited(layout, limitPerClass), size, options.onProgress);
  });
  return {
    ...decoded,
    name: basename(resolve(path)).replace(/\.(tar|tar\.gz|tgz)$/i, ''),
    normalization: normalizationOf(decoded.train, decoded.shape[0]),
    augmentation: augmentation === 'crop-flip' ? cropFlip() : 'none',
  };
}

function checkSize(size: number | readonly [number, number]): readonly [number, number] {
  const [height, width] = typeof size === 'number' ? [size, size] : size;
  const possible = (side: number) => Number.isSafeInteger(side) && side >= 1 && side <= 4096;
  if (!possible(height) || !possible(width))
    throw new SparseError('INVALID_ARGUMENT', 'size', 'whole numbers of pixels from 1 to 4096', size);
  return [height, width];
}

async function openStore(path: string): Promise<PictureStore> {
  const stats = await stat(path).catch((cause: unknown) => {
    throw new SparseError('MISSING_FILE', path, 'a folder or a tar archive of pictures', 'no such file or folder', '', { cause });
  });
  return stats.isDirectory() ? folderStore(path) : archiveStore(path);
}

function limited(layout: Layout, limit = Number.POSITIVE_INFINITY): Layout {
  const cut = (classes: Layout['train']) => classes.map((names) => names.slice(0, limit));
  return { ...layout, train: cut(layout.train), test: cut(layout.test) };
}
