import { availableParallelism } from 'node:os';
import { SparseError } from '@freetickets/sparse-core';
import type { Dataset } from './dataset.ts';
import { interleave } from './interleave.ts';
import type { Layout } from './layout.ts';
import { decodePixels, type Pixels } from './picture.node.ts';
import { pictureBuffer } from './picture-buffer.ts';
import type { PictureStore } from './picture-store.ts';

/** How far decoding has come, in pictures. */
export interface Progress {
  readonly done: number;
  readonly total?: number;
}

/** What is in the pictures themselves; the rest of a data set follows from it or from options. */
export type DecodedSet = Pick<Dataset, 'classes' | 'shape' | 'train' | 'test'>;

/** Decodes every picture of the layout, several at a time. Training pictures first in the buffer, then test pictures. */
export async function decodeSet(
  store: PictureStore,
  layout: Layout,
  size: readonly [height: number, width: number] | undefined,
  onProgress?: (progress: Progress) => void,
): Promise<DecodedSet> {
  const train = ordered(layout.train);
  const test = ordered(layout.test);
  const places = new Map([...train.names, ...test.names].map((name, index) => [name, index]));
  const buffer = pictureBuffer(places.size);
  let done = 0;
  for await (const { name, at, pixels } of decodeInTurn(store, new Set(places.keys()), size)) {
    buffer.put(places.get(name)!, pixels, at);
    done++;
    onProgress?.({ done, total: places.size });
  }
  if (done !== places.size)
    throw new SparseError('BAD_FILE', store.path, `${places.size} pictures, as listed before`, done, 'Did it change meanwhile?');
  const { shape, images } = buffer.finish();
  const cut = train.names.length * (images.length / places.size);
  return {
    classes: layout.classes,
    shape,
    train: { size: train.names.length, images: images.subarray(0, cut), labels: train.labels },
    test: { size: test.names.length, images: images.subarray(cut), labels: test.labels },
  };
}

function ordered(classes: Layout['train']): { names: string[]; labels: Int32Array } {
  const places = interleave(classes.map((names) => names.length));
  return {
    names: places.map(({ label, rank }) => classes[label]![rank]!),
    labels: Int32Array.from(places, ({ label }) => label),
  };
}

/** Pictures come out in the order in which they were read, so that of several faults always the same one is reported. */
async function* decodeInTurn(
  store: PictureStore,
  names: ReadonlySet<string>,
  size: readonly [height: number, width: number] | undefined,
): AsyncGenerator<{ name: string; at: string; pixels: Pixels }> {
  const atOnce = 4 * availableParallelism();
  const waiting: { name: string; at: string; decoding: Promise<Pixels> }[] = [];
  const next = async () => {
    const { name, at, decoding } = waiting.shift()!;
    return { name, at, pixels: await decoding };
  };
  for await (const { name, bytes } of store.read(names)) {
    const at = store.describe(name);
    const decoding = decodePixels(bytes, at, { channels: 3, ...(size && { size }) });
    decoding.catch(() => {}); // it is awaited when its turn comes, unless an earlier one has failed
    waiting.push({ name, at, decoding });
    if (waiting.length === atOnce) yield await next();
  }
  while (waiting.length > 0) yield await next();
}
