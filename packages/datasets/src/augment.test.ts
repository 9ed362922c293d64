import { describe, expect, it } from 'vitest';
import { type Crop, cropFrom, normalizationTables, paddingOf, writeCropped, writePlain } from './augment.ts';
import type { CropFlip, PictureShape } from './dataset.ts';

const SHAPE: PictureShape = [1, 3, 3];
// 1 2 3
// 4 5 6
// 7 8 9
const PICTURE = Uint8Array.from([1, 2, 3, 4, 5, 6, 7, 8, 9]);
/** Undoes the division by 255, so that bytes come out as they went in. */
const tables = normalizationTables({ mean: [0], std: [1 / 255] });

function cropped(fill: CropFlip['fill'], crop: Crop): number[] {
  const out = new Float32Array(9);
  writeCropped(out, 0, PICTURE, 0, SHAPE, tables, paddingOf({ pad: 2, fill, flip: 0.5 }, SHAPE), crop);
  return [...out].map(Math.round);
}

describe('writeCropped', () => {
  it('gives the picture back from the middle of the padded one', () => {
    expect(cropped('reflect', { row: 2, column: 2, mirrored: false })).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  it('mirrors left and right', () => {
    expect(cropped('reflect', { row: 2, column: 2, mirrored: true })).toEqual([3, 2, 1, 6, 5, 4, 9, 8, 7]);
  });

  it('reflects without repeating the edge, at the upper left corner', () => {
    // Columns and rows of the padded picture: 2 1 0 1 2 1 0.
    expect(cropped('reflect', { row: 0, column: 0, mirrored: false })).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  it('reflects at the lower right corner', () => {
    expect(cropped('reflect', { row: 4, column: 4, mirrored: false })).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(cropped('reflect', { row: 3, column: 2, mirrored: false })).toEqual([4, 5, 6, 7, 8, 9, 4, 5, 6]);
  });

  it('pads with black', () => {
    expect(cropped('zero', { row: 1, column: 0, mirrored: false })).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 4]);
    expect(cropped('zero', { row: 4, column: 3, mirrored: false })).toEqual([8, 9, 0, 0, 0, 0, 0, 0, 0]);
  });

  it('mirrors after cropping', () => {
    expect(cropped('zero', { row: 1, column: 0, mirrored: true })).toEqual([0, 0, 0, 1, 0, 0, 4, 0, 0]);
  });

  it('treats channels alike but normalises each with its own numbers', () => {
    const twoChannels = normalizationTables({ mean: [0, 0.5], std: [1, 0.25] });
    const out = new Float32Array(4);
    const shape: PictureShape = [2, 1, 2];
    const padding = paddingOf({ pad: 0, fill: 'zero', flip: 1 }, shape);
    writeCropped(out, 0, Uint8Array.from([0, 255, 255, 0]), 0, shape, twoChannels, padding, { row: 0, column: 0, mirrored: true });
    expect([...out]).toEqual([1, 0, -2, 2]);
  });
});

describe('writePlain', () => {
  it('writes (pixel - mean) / std of each channel', () => {
    const out = new Float32Array(5);
    writePlain(out, 1, Uint8Array.from([9, 0, 255, 255, 0]), 1, 2, normalizationTables({ mean: [0, 0.5], std: [1, 0.25] }));
    expect([...out]).toEqual([0, 0, 1, 2, -2]);
  });
});

describe('cropFrom', () => {
  const words = Array.from({ length: 81 * 40 }, (_, i) => Math.floor(((i + 0.5) / (81 * 40)) * 2 ** 32));

  it('gives every one of the 81 places the same share of all words, and mirrors half of each', () => {
    const counts = new Map<string, number>();
    for (const word of words) {
      const { row, column, mirrored } = cropFrom(word, { pad: 4, fill: 'zero', flip: 0.5 });
      const key = `${row} ${column} ${mirrored}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    expect(counts.size).toBe(162);
    expect(new Set(counts.values())).toEqual(new Set([20]));
  });

  it.each([0, 1])('mirrors none or all at probability %i', (flip) => {
    expect(new Set(words.map((word) => cropFrom(word, { pad: 4, fill: 'zero', flip }).mirrored))).toEqual(new Set([flip === 1]));
  });

  it('stays inside at the largest word', () => {
    expect(cropFrom(2 ** 32 - 1, { pad: 4, fill: 'zero', flip: 0.5 })).toEqual({ row: 8, column: 8, mirrored: false });
  });
});

describe('paddingOf', () => {
  it.each([
    [{ pad: 3, fill: 'reflect', flip: 0.5 }, 'augmentation.pad: expected a whole number from 0 to 2 for 3x3 pictures, received 3'],
    [{ pad: -1, fill: 'zero', flip: 0.5 }, 'augmentation.pad'],
    [{ pad: 1.5, fill: 'zero', flip: 0.5 }, 'augmentation.pad'],
    [{ pad: 1, fill: 'zero', flip: 1.5 }, 'augmentation.flip: expected a probability from 0 to 1, received 1.5'],
  ] as const)('refuses %j', (augmentation, message) => {
    expect(() => paddingOf(augmentation, SHAPE)).toThrow(message);
  });
});
