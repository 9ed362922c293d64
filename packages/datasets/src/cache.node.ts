/**
 * Decoded pictures on disk, one safetensors file per source and options, so that a set is decoded once. A cache may be lost or damaged
 * at any time: whatever is wrong with it becomes a notice, and the pictures are decoded again.
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { decodeSafetensors, encodeSafetensors, SparseError, type Tensor } from '@freetickets/sparse-core';
import { cacheFolder, readFileOrExplain, writeFileAtomic } from '@freetickets/sparse-core/node';
import { contentHash } from './content-hash.node.ts';
import type { PictureShape, Samples } from './dataset.ts';
import type { DecodedSet } from './decode-set.node.ts';
import { exists } from './exists.node.ts';
import { inSharedMemory } from './shared-bytes.ts';

/** Raised whenever decoding or the file's content changes meaning; caches of other versions are decoded again. */
const VERSION = 1;

export interface CacheOptions {
  /** Folder of the cache, or false for none. Default: `FREETICKETS_CACHE`, else `freetickets` in the platform's cache folder. */
  readonly cache?: string | false;
  /** Told in one sentence what a person may want to know and a program need not: a cache that had to be made again, files left out. */
  readonly onNotice?: (sentence: string) => void;
}

/** What a cached set was made from. */
export interface CacheKey {
  /** Changes with the pictures on disk. */
  readonly fingerprint: string;
  readonly options: unknown;
}

/** The set from the cache, or from `build` and then into the cache. */
export async function cached(
  source: string,
  key: CacheKey,
  { cache, onNotice }: CacheOptions,
  build: () => Promise<DecodedSet>,
): Promise<DecodedSet> {
  if (cache === false) return build();
  const folder = cache ?? cacheFolder();
  // The name says where the pictures came from, the key inside says what they were: changed pictures replace their old cache.
  const id = createHash('sha256')
    .update(JSON.stringify([resolve(source), key.options]))
    .digest('hex')
    .slice(0, 16);
  const path = join(
    folder,
    `${basename(resolve(source))
      .replace(/[^\w.-]/g, '_')
      .slice(0, 60)}-${id}.safetensors`,
  );
  const fullKey = JSON.stringify({ version: VERSION, ...key });
  const hit = await readCache(path, fullKey, onNotice);
  if (hit) return hit;
  const built = await build();
  try {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(path, encode(built, fullKey));
  } catch (error) {
    onNotice?.(`The decoded pictures could not be kept for the next time: ${messageOf(error)}`);
  }
  return built;
}

async function readCache(path: string, key: string, onNotice: CacheOptions['onNotice']): Promise<DecodedSet | undefined> {
  if (!(await exists(path))) return undefined;
  try {
    const { tensors, metadata } = decodeSafetensors(await readFileOrExplain(path, 'a cache of decoded pictures'), path);
    if (metadata.key !== key) {
      onNotice?.(`${path}: the pictures have changed since they were decoded, or another version decoded them; decoding again`);
      return undefined;
    }
    return decode(tensors, metadata, path);
  } catch (error) {
    onNotice?.(`${messageOf(error)}; decoding again`);
    return undefined;
  }
}

/** The checksum covers the key, the classes, the shapes and every byte of pictures and labels. */
function encode(set: DecodedSet, key: string): Uint8Array {
  const { classes, shape, train, test } = set;
  const tensors = new Map<string, Tensor>();
  for (const [part, { size, images, labels }] of Object.entries({ train, test })) {
    tensors.set(`${part}.images`, { dtype: 'U8', shape: [size, ...shape], data: images });
    tensors.set(`${part}.labels`, { dtype: 'I32', shape: [size], data: labels });
  }
  return encodeSafetensors(tensors, { key, classes: JSON.stringify(classes), checksum: checksumOf(set, key) });
}

function decode(tensors: ReadonlyMap<string, Tensor>, metadata: Readonly<Record<string, string>>, path: string): DecodedSet {
  const part = (name: string): Samples & { shape: readonly number[] } => {
    const images = tensors.get(`${name}.images`);
    const labels = tensors.get(`${name}.labels`);
    if (images?.dtype !== 'U8' || labels?.dtype !== 'I32')
      throw new SparseError('BAD_FILE', path, `pictures and labels of ${name}`, 'neither');
    return { size: labels.data.length, images: inSharedMemory(images.data), labels: labels.data, shape: images.shape.slice(1) };
  };
  const { shape, ...train } = part('train');
  const { shape: _sameShape, ...test } = part('test');
  const set: DecodedSet = { classes: JSON.parse(metadata.classes ?? ''), shape: shape as unknown as PictureShape, train, test };
  if (checksumOf(set, metadata.key ?? '') !== metadata.checksum)
    throw new SparseError('BAD_FILE', path, 'a cache with its own checksum', 'damaged content');
  return set;
}

function checksumOf({ classes, shape, train, test }: DecodedSet, key: string): string {
  return contentHash({ key, classes, shape, sizes: [train.size, test.size] }, { train, test });
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
