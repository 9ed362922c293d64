/** A random part of a picture, resized to the whole one's size: the usual augmentation of photographs that are larger than CIFAR's. */
import { SparseError, type Stream } from '@freetickets/sparse-core';
import type { PictureShape, ResizedCrop } from './dataset.ts';

export interface Part {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
  readonly mirrored: boolean;
}

/** Tries of a part that fits, before the middle is taken. */
const TRIES = 10;

/** @throws SparseError INVALID_ARGUMENT for ranges that are impossible */
export function checkResizedCrop({ area, ratio, flip }: ResizedCrop): void {
  if (!(area[0] > 0 && area[0] <= area[1] && area[1] <= 1)) {
    throw new SparseError('INVALID_ARGUMENT', 'augmentation.area', 'a range of shares within (0, 1]', area);
  }
  if (!(ratio[0] > 0 && ratio[0] <= ratio[1] && ratio[1] < Number.POSITIVE_INFINITY)) {
    throw new SparseError('INVALID_ARGUMENT', 'augmentation.ratio', 'a range of positive ratios', ratio);
  }
  if (!(flip >= 0 && flip <= 1)) throw new SparseError('INVALID_ARGUMENT', 'augmentation.flip', 'a probability from 0 to 1', flip);
}

/**
 * Area uniform, logarithm of width / height uniform, place uniform. If ten tries do not fit, the middle with a ratio as near as possible.
 * @source the scheme of Szegedy et al., arXiv:1409.4842, as torchvision's RandomResizedCrop draws it
 */
export function drawPart({ area, ratio, flip }: ResizedCrop, [, height, width]: PictureShape, stream: Stream): Part {
  const mirrored = stream.uniform() < flip;
  const between = (from: number, to: number) => from + (to - from) * stream.uniform();
  for (let i = 0; i < TRIES; i++) {
    const pixels = height * width * between(area[0], area[1]);
    const shape = Math.exp(between(Math.log(ratio[0]), Math.log(ratio[1])));
    const part = { height: Math.round(Math.sqrt(pixels / shape)), width: Math.round(Math.sqrt(pixels * shape)) };
    if (part.height < 1 || part.width < 1 || part.height > height || part.width > width) continue;
    return { ...part, top: stream.below(height - part.height + 1), left: stream.below(width - part.width + 1), mirrored };
  }
  const shape = Math.min(ratio[1], Math.max(ratio[0], width / height));
  const part = { height: Math.min(height, Math.round(width / shape)), width: Math.min(width, Math.round(height * shape)) };
  return { ...part, top: (height - part.height) >> 1, left: (width - part.width) >> 1, mirrored };
}

/**
 * Writes the part as a whole picture of values in [0, 1], from `to` of `out` on. Parts are never larger than the picture, so linear
 * interpolation between pixels (centres at halves, edge pixels going on) needs no smoothing first.
 */
export function writePart(out: Float32Array, to: number, images: Uint8Array, from: number, shape: PictureShape, part: Part): void {
  const [channels, height, width] = shape;
  const rows = placesOf(height, part.top, part.height, false);
  const columns = placesOf(width, part.left, part.width, part.mirrored);
  let position = to;
  for (let channel = 0; channel < channels; channel++) {
    const start = from + channel * height * width;
    for (let y = 0; y < height; y++) {
      const [upper, lower, down] = [start + rows.low[y]! * width, start + rows.high[y]! * width, rows.share[y]!];
      for (let x = 0; x < width; x++) {
        const [left, right, beside] = [columns.low[x]!, columns.high[x]!, columns.share[x]!];
        const above = images[upper + left]! * (1 - beside) + images[upper + right]! * beside;
        const below = images[lower + left]! * (1 - beside) + images[lower + right]! * beside;
        out[position++] = (above * (1 - down) + below * down) / 255;
      }
    }
  }
}

interface Places {
  readonly low: Int32Array;
  readonly high: Int32Array;
  /** Of the higher one. */
  readonly share: Float64Array;
}

function placesOf(length: number, first: number, partLength: number, mirrored: boolean): Places {
  const places: Places = { low: new Int32Array(length), high: new Int32Array(length), share: new Float64Array(length) };
  for (let i = 0; i < length; i++) {
    const at = mirrored ? length - 1 - i : i;
    const place = Math.min(partLength - 1, Math.max(0, ((at + 0.5) * partLength) / length - 0.5));
    places.low[i] = first + Math.floor(place);
    places.high[i] = first + Math.min(partLength - 1, Math.floor(place) + 1);
    places.share[i] = place % 1;
  }
  return places;
}
