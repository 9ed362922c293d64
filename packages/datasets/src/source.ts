/** From samples to batches, made in the calling thread while it asks for them. `prefetch` makes the same batches in worker threads. */
import { type Batch, type PassOptions, type Source, SparseError } from '@freetickets/sparse-core';
import { type BatchMaker, batchMaker, type Recipe } from './batch-maker.ts';
import type { Augmentation, Dataset, Samples } from './dataset.ts';

export interface SourceOptions {
  /** Whose classes, shape and normalisation the samples have. */
  readonly dataset: Pick<Dataset, 'classes' | 'shape' | 'normalization' | 'augmentation'>;
  /** Default: what the data set says. Applies to passes with `shuffle` only. */
  readonly augment?: Augmentation;
  /** Mixes pictures and labels of a batch by shares from Beta(mixup, mixup), in passes with `shuffle` only. Default: not. */
  readonly mixup?: number | undefined;
}

/** A source that needs no waiting: a plain `for` does, and `for await` works as well. */
export interface MemorySource extends Source {
  batches(options: PassOptions): Iterable<Batch>;
}

const recipes = new WeakMap<Source, Recipe>();

/** What a source of `sourceOf` makes its batches from; undefined for sources of anybody else. */
export const recipeOf = (source: Source): Recipe | undefined => recipes.get(source);

/**
 * Batches of normalised pictures (size, C, H, W) and labels, each batch in arrays of its own. With `shuffle` the order is a random
 * permutation and pictures are augmented; without it pictures come in file order as they are. The last batch may be smaller.
 *
 * @throws SparseError SHAPE_MISMATCH when the samples are not of the data set's shape; INVALID_ARGUMENT for impossible augmentation or mixup
 * @example for (const batch of sourceOf(set.train, { dataset: set }).batches({ batchSize: 128, shuffle: { seed: 1, epoch: 0 } })) { }
 */
export function sourceOf(samples: Samples, { dataset, augment = dataset.augmentation, mixup }: SourceOptions): MemorySource {
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
  const recipe: Recipe = { samples, shape: dataset.shape, normalization: dataset.normalization, augment, mixup };
  const maker = batchMaker(recipe);
  const source: MemorySource = {
    size: samples.size,
    classes: dataset.classes,
    shape: dataset.shape,
    batches(options) {
      checkPass(options);
      return batchesOf(maker, samples.size, options);
    },
  };
  recipes.set(source, recipe);
  return source;
}

function* batchesOf(maker: BatchMaker, samples: number, { batchSize, shuffle, from = 0 }: PassOptions): Generator<Batch, void, undefined> {
  if (from * batchSize >= samples) return;
  const draws = maker.draw(shuffle);
  for (let start = from * batchSize; start < samples; start += batchSize) {
    const size = Math.min(batchSize, samples - start);
    const slot = maker.slot(size, shuffle);
    maker.fill(slot, start, draws);
    yield { size, ...slot };
  }
}

/** @throws SparseError INVALID_ARGUMENT naming the field */
export function checkPass({ batchSize, shuffle, from = 0 }: PassOptions): void {
  const wholeFrom = (least: number, at: string, value: number) => {
    if (!Number.isSafeInteger(value) || value < least) {
      throw new SparseError('INVALID_ARGUMENT', at, `a whole number of at least ${least}`, value);
    }
  };
  wholeFrom(1, 'batchSize', batchSize);
  wholeFrom(0, 'from', from);
  if (shuffle) wholeFrom(0, 'shuffle.epoch', shuffle.epoch);
}
