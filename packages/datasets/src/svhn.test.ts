import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { temporaryFolder, writeFiles } from '../test/files.ts';
import { readMat } from './mat.node.ts';
import { svhn, svhnPart } from './svhn.node.ts';

/** Written by scipy: tooling/golden/make_formats.py. */
const golden = (folder: string) => fileURLToPath(new URL(`../../../test/golden/formats/${folder}`, import.meta.url));
const FILE = 'test_32x32.mat';
const plain = new Uint8Array(await readFile(join(golden('plain'), FILE)));
const packed = new Uint8Array(await readFile(join(golden('packed'), FILE)));

async function folderWith(bytes: Uint8Array): Promise<string> {
  const folder = await temporaryFolder();
  await writeFiles(folder, { [FILE]: bytes });
  return folder;
}

/** The header of a file, then one compressed element. */
function matOf(content: Uint8Array): Uint8Array {
  return Buffer.concat([plain.subarray(0, 128), new Uint8Array(Uint32Array.of(15, content.length).buffer), content]);
}

describe('svhnPart', () => {
  it.each(['plain', 'packed'])('reads pictures as (N, 3, row, column) and the digits, %s', async (folder) => {
    const { size, images, labels } = await svhnPart(golden(folder), 'test');
    expect(size).toBe(3);
    expect([...labels]).toEqual([1, 0, 7]); // 10 is the digit 0
    const expected = Array.from({ length: 3 * 3072 }, (_, i) => {
      const [n, channel, row, column] = [Math.floor(i / 3072), Math.floor(i / 1024) % 3, Math.floor(i / 32) % 32, i % 32];
      return (row + 2 * column + 64 * channel + 20 * n) % 256;
    });
    expect([...images]).toEqual(expected);
  });

  it('says which file is missing', async () => {
    const folder = await temporaryFolder();
    await expect(svhn(folder)).rejects.toMatchObject({ code: 'MISSING_FILE', at: join(folder, 'train_32x32.mat') });
  });

  it.each<[string, Uint8Array, string]>([
    ['no MATLAB file', new Uint8Array(200), `${FILE}: byte 0: expected the header of a MATLAB file`],
    ['an empty file', new Uint8Array(), `${FILE}: byte 0: expected the header of a MATLAB file`],
    [
      'big-endian numbers',
      plain.with(126, 0x4d).with(127, 0x49),
      `${FILE}: byte 126: expected the mark IM of a little-endian file, received "MI"`,
    ],
    [
      'HDF5',
      Uint8Array.from([...new TextEncoder().encode('MATLAB 7.3 MAT-file'), ...new Uint8Array(200)]),
      'expected a MATLAB 5 file, received "MATLAB 7.3 MAT-file". Save it again with -v7',
    ],
    [
      'a file cut short',
      plain.subarray(0, 5000),
      `${FILE}: byte 136: expected 9272 more bytes, received "4864 bytes". The file is cut short`,
    ],
    ['damaged compression', packed.with(200, packed[200]! ^ 0xff), `${FILE}: byte 128: expected whole compressed data`],
    ['nothing but a header', plain.subarray(0, 128), 'expected an array named X and one named y, received "none"'],
    // The dimensions of X stand at byte 160; 32 x 32 x 3 x 3 become 32 x 32 x 3 x 4.
    [
      'a shape that does not fit',
      plain.with(172, 4),
      'X: expected 12288 numbers for shape (32, 32, 3, 4), received "9216 bytes of type 2"',
    ],
    // -1 x -1 x 3072 x 3 would be as many numbers as there are.
    [
      'a shape below 0',
      plain.with(160, 0xff).with(161, 0xff).with(162, 0xff).with(163, 0xff).with(164, 0xff).with(165, 0xff).with(166, 0xff).with(167, 0xff),
      'X: expected at most 32 dimensions of at least 0, received [-1,-1,3,3]',
    ],
    // A compressed element of zeros: 128 MB out of 128 kB.
    ['a bomb', matOf(deflateSync(new Uint8Array(2 ** 27))), `${FILE}: byte 128: expected whole compressed data of at most`],
  ])('refuses %s', async (_, bytes, sentence) => {
    await expect(svhnPart(await folderWith(bytes), 'test')).rejects.toMatchObject({
      code: 'BAD_FILE',
      message: expect.stringContaining(sentence),
    });
  });
});

describe('readMat', () => {
  const path = join(golden('packed'), FILE);
  it('reads an array of doubles, column by column, and steps over texts', async () => {
    expect(await readMat(path, ['double'])).toEqual({ double: { name: 'double', shape: [2, 2], data: Float64Array.of(1.5, 3.25, -2, 4) } });
  });

  it('refuses what is no array of real numbers', async () => {
    await expect(readMat(path, ['complex'])).rejects.toThrow('complex: expected an array of real numbers');
    await expect(readMat(path, ['name'])).rejects.toThrow('name: expected an array of real numbers');
    await expect(readMat(path, ['absent'])).rejects.toThrow('expected an array named absent, received "none"');
  });
});
