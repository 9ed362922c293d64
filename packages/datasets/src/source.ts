/**
 * From samples to batches. Nothing here keeps state between passes: the order is a function of (seed, epoch), what augmentation does to
 * a sample is a function of (seed, epoch, sample), so any batch can be made alone and a stopped pass goes on where it was.
 */
import { type Batch, type PassOptions, rng, type Source, SparseError } from '@freetickets/sparse-core';
import { cropFrom, normalizationTables, type Padding, paddingOf, type Tables, writeCropped, writePlain } from './augment.ts';
import type { Augmentation, Dataset, Samples } from './dataset.ts';

export interface SourceOptions {
  /** Whose classes, shape and normalisation the samples have. */
  readonly dataset: Pick<Dataset, 'classes' | 'shape' | 'normalization' | 'augmentation'>;
  /** Default: what the data set says. Applies to passes with `shuffle` only. */
  readonly augment?: Augmentation;
}

/** A source that needs no waiting: a plain `for` does, and `for await` works as well. */
export interface MemorySource extends Source {
  batches(options: PassOptions): Iterable<Batch>;
}

/**
 * Batches of normalised pictures (size, C, H, W) and labels, each batch in arrays of its own. With `shuffle` the order is a random
 * permutation and pictures are augmented; without it pictures come in file order as they are. The last batch may be smaller.
 *
 * @throws SparseError SHAPE_MISMATCH when the samples are not of the data set's shape; INVALID_ARGUMENT for impossible augmentation
 * @example for (const batch of sourceOf(set.train, { dataset: set }).batches({ batchSize: 128, shuffle: { seed: 1, epoch: 0 } })) { }
 */
export function sourceOf(samples: Samples, { dataset, augment = dataset.augmentation }: SourceOptions): MemorySource {
  const [channels, height, width] = dataset.shape;
  const pixels = channels * height * width;
  if (samples.images.length !== samples.size * pixels || samples.labels.length !== samples.size) {
    throw new SparseError(
      'SHAPE_MISMATCH',
      'samples',
      `${samples.size} labels and ${samples.size} pictures of ${channels}x${height}x${width}`,
      `${samples.labels.length} labels and ${samples.images.length} bytes`,
    );
  }
  const tables = normalizationTables(dataset.normalization);
  const padding = augment === 'none' ? undefined : paddingOf(augment, dataset.shape);
  const pass: Pass = { samples, shape: dataset.shape, pixels, tables, augment, padding };
  return {
    size: samples.size,
    classes: dataset.classes,
    shape: dataset.shape,
    batches(options) {
      checkPass(options);
      return batchesOf(pass, options);
    },
  };
}

interface Pass {
  readonly samples: Samples;
  readonly shape: Dataset['shape'];
  readonly pixels: number;
  readonly tables: Tables;
  readonly augment: Augmentation;
  readonly padding: Padding | undefined;
}

function* batchesOf(pass: Pass, { batchSize, shuffle, from = 0 }: PassOptions): Generator<Batch, void, undefined> {
  const size = pass.samples.size;
  if (from * batchSize >= size) return;
  const order = shuffle && orderOf(size, shuffle);
  const words = shuffle && pass.padding && wordsOf(size, shuffle);
  for (let start = from * batchSize; start < size; start += batchSize) {
    const count = Math.min(batchSize, size - start);
    const images = new Float32Array(count * pass.pixels);
    const labels = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      const sample = order ? order[start + i]! : start + i;
      writeSample(pass, images, i * pass.pixels, sample, words?.[sample]);
      labels[i] = pass.samples.labels[sample]!;
    }
    yield { size: count, images, labels };
  }
}

function writeSample(
  { samples, shape, pixels, tables, augment, padding }: Pass,
  out: Float32Array,
  to: number,
  sample: number,
  word?: number,
): void {
  if (word === undefined || padding === undefined || augment === 'none') {
    writePlain(out, to, samples.images, sample * pixels, shape[1] * shape[2], tables);
  } else {
    writeCropped(out, to, samples.images, sample * pixels, shape, tables, padding, cropFrom(word, augment));
  }
}

function orderOf(size: number, { seed, epoch }: NonNullable<PassOptions['shuffle']>): Uint32Array {
  return rng(seed)
    .stream('order', epoch)
    .shuffle(Uint32Array.from({ length: size }, (_, i) => i));
}

/**
 * One random word per sample. Drawing all of them from one stream costs milliseconds per pass, where a stream per sample would cost more
 * than making the batch; word i belongs to sample i whatever the order and the batch size.
 */
function wordsOf(size: number, { seed, epoch }: NonNullable<PassOptions['shuffle']>): Uint32Array {
  const stream = rng(seed).stream('augment', epoch);
  return Uint32Array.from({ length: size }, () => stream.uint32());
}

function checkPass({ batchSize, shuffle, from = 0 }: PassOptions): void {
  const wholeFrom = (least: number, at: string, value: number) => {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new SparseError('INVALID_ARGUMENT', at, `a whole number of at least ${least}`, value);
    }
  };
  wholeFrom(1, 'batchSize', batchSize);
  wholeFrom(0, 'from', from);
  if (shuffle) wholeFrom(0, 'shuffle.epoch', shuffle.epoch);
}
