/**
 * How one batch is made, for whoever makes it: the thread that trains or a worker. Nothing here keeps state between batches: the order is a
 * function of (seed, epoch), what augmentation does to a sample is a function of (seed, epoch, sample), so any batch can be made alone
 * and a stopped pass goes on where it was.
 */
import { type PassOptions, rng } from '@freetickets/sparse-core';
import { normalizationTables, writePlain } from './augment.ts';
import { augmenterOf, type WriteAugmented } from './augmenter.ts';
import type { Augmentation, Normalization, PictureShape, Samples } from './dataset.ts';

/** All that batches are made from, as plain data, which can be given to a worker. */
export interface Recipe {
  readonly samples: Samples;
  readonly shape: PictureShape;
  readonly normalization: Normalization;
  readonly augment: Augmentation;
}

export type Shuffle = NonNullable<PassOptions['shuffle']>;

/** What is random in a pass. Both absent: file order, no augmentation. */
export interface Draws {
  /** The sample at each place of the pass. */
  readonly order?: Uint32Array;
  /** Absent: pictures as they are. */
  readonly write?: WriteAugmented;
}

export interface BatchMaker {
  /** Values of one picture. */
  readonly pixels: number;
  /** Costs milliseconds for a large set: once per pass. */
  draw(shuffle: Shuffle | undefined): Draws;
  /** Fills `images` and `labels`, whose length says how many, from place `start` of the pass on. */
  fill(images: Float32Array, labels: Int32Array, start: number, draws: Draws): void;
}

/** @throws SparseError INVALID_ARGUMENT for impossible augmentation */
export function batchMaker({ samples, shape, normalization, augment }: Recipe): BatchMaker {
  const [channels, height, width] = shape;
  const pixels = channels * height * width;
  const tables = normalizationTables(normalization);
  const augmenter = augment === 'none' ? undefined : augmenterOf(augment, shape, normalization);
  return {
    pixels,
    draw(shuffle) {
      if (!shuffle) return {};
      const order = orderOf(samples.size, shuffle);
      return augmenter ? { order, write: augmenter(samples.size, shuffle) } : { order };
    },
    fill(images, labels, start, { order, write }) {
      for (let i = 0; i < labels.length; i++) {
        const sample = order ? order[start + i]! : start + i;
        const [to, from] = [i * pixels, sample * pixels];
        if (write) write(images, to, samples.images, from, sample);
        else writePlain(images, to, samples.images, from, height * width, tables);
        labels[i] = samples.labels[sample]!;
      }
    },
  };
}

function orderOf(size: number, { seed, epoch }: Shuffle): Uint32Array {
  return rng(seed)
    .stream('order', epoch)
    .shuffle(Uint32Array.from({ length: size }, (_, i) => i));
}
