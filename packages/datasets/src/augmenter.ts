/**
 * What a training pass does to pictures, for any kind of augmentation. Whatever is random is a function of (seed, epoch, sample): crops and
 * cutouts take a word each from streams drawn once per pass, which is cheap; parts and colours have a stream per sample, which costs
 * little beside resizing.
 */
import { rng } from '@freetickets/sparse-core';
import { cropFrom, normalizationTables, paddingOf, writeCropped } from './augment.ts';
import { checkJitter, drawJitter, jitterColours } from './colour-jitter.ts';
import { checkCutout, cutOut } from './cutout.ts';
import type { Augmentation, CropFlip, Normalization, PictureShape, ResizedCrop } from './dataset.ts';
import { checkResizedCrop, drawPart, writePart } from './resized-crop.ts';

export interface Pass {
  readonly seed: number;
  readonly epoch: number;
}

/** Writes picture `sample`, which starts at `from` of `images`, to `to` of `out`. */
export type WriteAugmented = (out: Float32Array, to: number, images: Uint8Array, from: number, sample: number) => void;

/** Costs milliseconds for a large set: once per pass. */
export type Augmenter = (size: number, pass: Pass) => WriteAugmented;

/** @throws SparseError INVALID_ARGUMENT for impossible augmentation */
export function augmenterOf(augment: Exclude<Augmentation, 'none'>, shape: PictureShape, normalization: Normalization): Augmenter {
  return 'pad' in augment ? cropFlipper(augment, shape, normalization) : resizedCropper(augment, shape, normalization);
}

function cropFlipper(augment: CropFlip, shape: PictureShape, normalization: Normalization): Augmenter {
  const tables = normalizationTables(normalization);
  const padding = paddingOf(augment, shape);
  const { cutout } = augment;
  if (cutout !== undefined) checkCutout(cutout, shape);
  return (size, pass) => {
    const words = wordsOf('augment', size, pass);
    const crop: WriteAugmented = (out, to, images, from, sample) =>
      writeCropped(out, to, images, from, shape, tables, padding, cropFrom(words[sample]!, augment));
    if (cutout === undefined) return crop;
    const places = wordsOf('cutout', size, pass);
    return (out, to, images, from, sample) => {
      crop(out, to, images, from, sample);
      cutOut(out, to, shape, cutout, places[sample]!);
    };
  };
}

/**
 * One random word per sample. Drawing all of them from one stream costs milliseconds per pass, where a stream per sample would cost more
 * than making the batch; word i belongs to sample i whatever the order and the batch size.
 */
function wordsOf(name: string, size: number, { seed, epoch }: Pass): Uint32Array {
  const stream = rng(seed).stream(name, epoch);
  return Uint32Array.from({ length: size }, () => stream.uint32());
}

function resizedCropper(augment: ResizedCrop, shape: PictureShape, { mean, std }: Normalization): Augmenter {
  checkResizedCrop(augment);
  const { jitter } = augment;
  if (jitter) checkJitter(jitter);
  const [channels, height, width] = shape;
  const plane = height * width;
  return (_, { seed, epoch }) => {
    const random = rng(seed);
    return (out, to, images, from, sample) => {
      const stream = random.stream('resized-crop', epoch, sample);
      writePart(out, to, images, from, shape, drawPart(augment, shape, stream));
      const planeAt = (channel: number) => out.subarray(to + channel * plane, to + (channel + 1) * plane);
      if (jitter && channels === 3) jitterColours([planeAt(0), planeAt(1), planeAt(2)], drawJitter(jitter, stream));
      for (let channel = 0; channel < channels; channel++) {
        const values = planeAt(channel);
        for (let at = 0; at < plane; at++) values[at] = (values[at]! - mean[channel]!) / std[channel]!;
      }
    };
  };
}
