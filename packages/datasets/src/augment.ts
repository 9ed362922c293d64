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
  for (const [channel, table] of tables.entries()) lookUp(out, to + channel * plane, images, from + channel * plane, plane, table);
}

/** Eight pixels a turn take half the time of one a turn: 128 pictures of MNIST 0.08 ms instead of 0.17. */
function lookUp(out: Float32Array, to: number, bytes: Uint8Array, from: number, count: number, table: Float32Array): void {
  const whole = count - (count % 8);
  for (let at = 0; at < whole; at += 8) {
    const [i, o] = [from + at, to + at];
    out[o] = table[bytes[i]!]!;
    out[o + 1] = table[bytes[i + 1]!]!;
    out[o + 2] = table[bytes[i + 2]!]!;
    out[o + 3] = table[bytes[i + 3]!]!;
    out[o + 4] = table[bytes[i + 4]!]!;
    out[o + 5] = table[bytes[i + 5]!]!;
    out[o + 6] = table[bytes[i + 6]!]!;
    out[o + 7] = table[bytes[i + 7]!]!;
  }
  for (let at = whole; at < count; at++) out[to + at] = table[bytes[from + at]!]!;
}

/** As `lookUp`, but pixel `at` is byte `columns[left + at]`: 128 crops of CIFAR take 0.5 ms instead of 1.1. */
function lookUpThrough(
  columns: Int32Array,
  left: number,
  out: Float32Array,
  to: number,
  bytes: Uint8Array,
  from: number,
  count: number,
  table: Float32Array,
): void {
  const whole = count - (count % 8);
  for (let at = 0; at < whole; at += 8) {
    const [c, o] = [left + at, to + at];
    out[o] = table[bytes[from + columns[c]!]!]!;
    out[o + 1] = table[bytes[from + columns[c + 1]!]!]!;
    out[o + 2] = table[bytes[from + columns[c + 2]!]!]!;
    out[o + 3] = table[bytes[from + columns[c + 3]!]!]!;
    out[o + 4] = table[bytes[from + columns[c + 4]!]!]!;
    out[o + 5] = table[bytes[from + columns[c + 5]!]!]!;
    out[o + 6] = table[bytes[from + columns[c + 6]!]!]!;
    out[o + 7] = table[bytes[from + columns[c + 7]!]!]!;
  }
  for (let at = whole; at < count; at++) out[to + at] = table[bytes[from + columns[left + at]!]!]!;
}

/** Where each row and column of a padded picture comes from. */
export interface Padding {
  /** -1 is black. */
  readonly rows: Int32Array;
  /** From left to right. Columns that are black name column 0, and are blackened afterwards. */
  readonly columns: Int32Array;
  /** From right to left. */
  readonly mirroredColumns: Int32Array;
  /** Width of the black stripe on each side; 0 when the padding is reflected. */
  readonly black: number;
}

/** @throws SparseError INVALID_ARGUMENT for a padding or a flip probability that is impossible */
export function paddingOf({ pad, fill, flip }: CropFlip, [, height, width]: PictureShape): Padding {
  const most = fill === 'reflect' ? Math.min(height, width) - 1 : Number.MAX_SAFE_INTEGER;
  if (!Number.isSafeInteger(pad) || pad < 0 || pad > most) {
    throw new SparseError('INVALID_ARGUMENT', 'augmentation.pad', `a whole number from 0 to ${most} for ${height}x${width} pictures`, pad);
  }
  if (!(flip >= 0 && flip <= 1)) throw new SparseError('INVALID_ARGUMENT', 'augmentation.flip', 'a probability from 0 to 1', flip);
  const columns = paddedAxis(width, pad, fill).map((column) => Math.max(0, column));
  return {
    rows: paddedAxis(height, pad, fill),
    columns,
    mirroredColumns: columns.slice().reverse(),
    black: fill === 'zero' ? pad : 0,
  };
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
  const columns = crop.mirrored ? padding.mirroredColumns : padding.columns;
  const left = crop.mirrored ? columns.length - width - crop.column : crop.column;
  const blackBefore = Math.min(width, Math.max(0, padding.black - left));
  const blackFrom = Math.max(0, columns.length - padding.black - left);
  let position = to;
  for (const [channel, table] of tables.entries()) {
    const black = table[0]!;
    for (let y = 0; y < height; y++) {
      const row = padding.rows[y + crop.row]!;
      const start = from + (channel * height + row) * width;
      if (row < 0) out.fill(black, position, position + width);
      else lookUpThrough(columns, left, out, position, images, start, width, table);
      if (blackBefore > 0) out.fill(black, position, position + blackBefore);
      if (blackFrom < width) out.fill(black, position + blackFrom, position + width);
      position += width;
    }
  }
}
