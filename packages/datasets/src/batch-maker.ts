/**
 * How one batch is made, for whoever makes it: the thread that trains or a worker. Nothing here keeps state between batches: the order is a
 * function of (seed, epoch), what augmentation does to a sample is a function of (seed, epoch, sample), what mixup does to a batch one of
 * (seed, epoch, place of the batch), so any batch can be made alone and a stopped pass goes on where it was.
 */
import { type MixedLabels, type PassOptions, rng } from '@freetickets/sparse-core';
import { normalizationTables, writePlain } from './augment.ts';
import { augmenterOf, type WriteAugmented } from './augmenter.ts';
import type { Augmentation, Normalization, PictureShape, Samples } from './dataset.ts';
import { checkMixup, mixUp } from './mixup.ts';

/** All that batches are made from, as plain data, which can be given to a worker. */
export interface Recipe {
  readonly samples: Samples;
  readonly shape: PictureShape;
  readonly normalization: Normalization;
  readonly augment: Augmentation;
  /** The alpha of mixup. Absent: none. */
  readonly mixup?: number | undefined;
}

export type Shuffle = NonNullable<PassOptions['shuffle']>;

/** The arrays of one batch; the length of `labels` says how many samples. */
export interface Slot {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  /** In passes that mix. */
  readonly mixed?: MixedLabels;
}

/** What is random in a pass. Absent: file order, no augmentation. */
export interface Draws {
  readonly shuffle?: Shuffle;
  /** The sample at each place of the pass. */
  readonly order?: Uint32Array;
  /** Absent: pictures as they are. */
  readonly write?: WriteAugmented;
}

export interface BatchMaker {
  /** Values of one picture. */
  readonly pixels: number;
  /** Whether batches of such a pass have mixed labels. */
  mixes(shuffle: Shuffle | undefined): boolean;
  /** New arrays for a batch of a pass. */
  slot(size: number, shuffle: Shuffle | undefined): Slot;
  /** Costs milliseconds for a large set: once per pass. */
  draw(shuffle: Shuffle | undefined): Draws;
  /** Fills a slot from place `start` of the pass on. */
  fill(slot: Slot, start: number, draws: Draws): void;
}

/** @throws SparseError INVALID_ARGUMENT for impossible augmentation or mixup */
export function batchMaker({ samples, shape, normalization, augment, mixup }: Recipe): BatchMaker {
  const [channels, height, width] = shape;
  const pixels = channels * height * width;
  const tables = normalizationTables(normalization);
  const augmenter = augment === 'none' ? undefined : augmenterOf(augment, shape, normalization);
  if (mixup !== undefined) checkMixup(mixup);
  const mixes = (shuffle: Shuffle | undefined) => mixup !== undefined && shuffle !== undefined;
  return {
    pixels,
    mixes,
    slot: (size, shuffle) => ({
      images: new Float32Array(size * pixels),
      labels: new Int32Array(size),
      ...(mixes(shuffle) && { mixed: { labels: new Int32Array(size), shares: new Float32Array(size) } }),
    }),
    draw(shuffle) {
      if (!shuffle) return {};
      const order = orderOf(samples.size, shuffle);
      return { shuffle, order, ...(augmenter && { write: augmenter(samples.size, shuffle) }) };
    },
    fill({ images, labels, mixed }, start, { shuffle, order, write }) {
      for (let i = 0; i < labels.length; i++) {
        const sample = order ? order[start + i]! : start + i;
        const [to, from] = [i * pixels, sample * pixels];
        if (write) write(images, to, samples.images, from, sample);
        else writePlain(images, to, samples.images, from, height * width, tables);
        labels[i] = samples.labels[sample]!;
      }
      if (mixed && mixup !== undefined && shuffle)
        mixUp({ images, labels, mixed }, mixup, rng(shuffle.seed).stream('mixup', shuffle.epoch, start));
    },
  };
}

function orderOf(size: number, { seed, epoch }: Shuffle): Uint32Array {
  return rng(seed)
    .stream('order', epoch)
    .shuffle(Uint32Array.from({ length: size }, (_, i) => i));
}
