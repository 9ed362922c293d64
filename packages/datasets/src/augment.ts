/**
 * Pictures from bytes to normalised floats, with or without a random crop and mirroring on the way. One pass over the pixels: a table
 * of 256 values per channel does the normalising, and index maps made once per source do the padding.
 */
import { SparseError } from '@freetickets/sparse-core';
import type { CropFlip, Normalization, PictureShape } from './dataset.ts';

/** Normalised value of each byte, per channel. */
export type Tables = readonly Float32Array[];

export function normalizationTables({ mean, std }: Normalization): Tables {
  return mean.map((m, channel) => Float32Array.from({ length: 256 }, (_, byte) => (byte / 255 - m) / std[channel]!));
}

/** Writes one picture that starts at `from` of `images` to `to` of `out`. */
export function writePlain(out: Float32Array, to: number, images: Uint8Array, from: number, plane: number, tables: Tables): void {
  let position = 0;
  for (const table of tables) {
    for (const end = position + plane; position < end; position++) out[to + position] = table[images[from + position]!]!;
  }
}

/** Where each row and column of a padded picture comes from; -1 is black. */
export interface Padding {
  readonly rows: Int32Array;
  readonly columns: Int32Array;
}

/** @throws SparseError INVALID_ARGUMENT for a padding or a flip probability that is impossible */
export function paddingOf({ pad, fill, flip }: CropFlip, [, height, width]: PictureShape): Padding {
  const most = fill === 'reflect' ? Math.min(height, width) - 1 : Number.MAX_SAFE_INTEGER;
  if (!Number.isSafeInteger(pad) || pad < 0 || pad > most) {
    throw new SparseError('INVALID_ARGUMENT', 'augmentation.pad', `a whole number from 0 to ${most} for ${height}x${width} pictures`, pad);
  }
  if (!(flip >= 0 && flip <= 1)) throw new SparseError('INVALID_ARGUMENT', 'augmentation.flip', 'a probability from 0 to 1', flip);
  return { rows: paddedAxis(height, pad, fill), columns: paddedAxis(width, pad, fill) };
}

function paddedAxis(length: number, pad: number, fill: CropFlip['fill']): Int32Array {
  return Int32Array.from({ length: length + 2 * pad }, (_, i) => {
    const at = i - pad;
    if (at >= 0 && at < length) return at;
    if (fill === 'zero') return -1;
    return at < 0 ? -at : 2 * (length - 1) - at;
  });
}

/** Upper left corner of a crop within the padded picture, and whether it is mirrored afterwards. */
export interface Crop {
  readonly row: number;
  readonly column: number;
  readonly mirrored: boolean;
}

/** Three draws out of one 32-bit word, as its leading digits in base (2 pad + 1), (2 pad + 1) and the rest. */
export function cropFrom(word: number, { pad, flip }: CropFlip): Crop {
  const places = 2 * pad + 1;
  const first = (word / 2 ** 32) * places;
  const second = (first % 1) * places;
  return { row: Math.floor(first), column: Math.floor(second), mirrored: second % 1 < flip };
}

/** As `writePlain`, but the picture is seen through `crop`. */
export function writeCropped(
  out: Float32Array,
  to: number,
  images: Uint8Array,
  from: number,
  [, height, width]: PictureShape,
  tables: Tables,
  padding: Padding,
  crop: Crop,
): void {
  const columns = padding.columns.slice(crop.column, crop.column + width);
  if (crop.mirrored) columns.reverse();
  let position = to;
  for (const [channel, table] of tables.entries()) {
    const black = table[0]!;
    for (let y = 0; y < height; y++) {
      const row = padding.rows[y + crop.row]!;
      const start = from + (channel * height + row) * width;
      if (row < 0) out.fill(black, position, position + width);
      else for (let x = 0; x < width; x++) out[position + x] = columns[x]! < 0 ? black : table[images[start + columns[x]!]!]!;
      position += width;
    }
  }
}
