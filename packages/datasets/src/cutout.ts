import { SparseError } from '@freetickets/sparse-core';
import type { PictureShape } from './dataset.ts';

/** @throws SparseError INVALID_ARGUMENT for a side that is no whole number from 1 to the picture's */
export function checkCutout(side: number, [, height, width]: PictureShape): void {
  const most = Math.max(height, width);
  if (Number.isSafeInteger(side) && side >= 1 && side <= most) return;
  throw new SparseError(
    'INVALID_ARGUMENT',
    'augmentation.cutout',
    `a whole number from 1 to ${most} for ${height}x${width} pictures`,
    side,
  );
}

/**
 * Blanks a square of a normalised picture that starts at `to` of `out`: 0, which is the mean's grey. Its centre is any pixel, so at the border
 * less than the square is lost.
 *
 * @param word 32 random bits: the centre's row, then its column
 * @source DeVries and Taylor, arXiv:1708.04552
 */
export function cutOut(out: Float32Array, to: number, [channels, height, width]: PictureShape, side: number, word: number): void {
  const first = (word / 2 ** 32) * height;
  const top = Math.floor(first) - (side >> 1);
  const left = Math.floor((first % 1) * width) - (side >> 1);
  const [from, end] = [Math.max(0, left), Math.min(width, left + side)];
  for (let channel = 0; channel < channels; channel++) {
    for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
      const row = to + (channel * height + y) * width;
      out.fill(0, row + from, row + end);
    }
  }
}
