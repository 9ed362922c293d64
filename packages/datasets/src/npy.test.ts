import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { temporaryFolder, writeFiles } from '../test/files.ts';
import { readNpy } from './npy.node.ts';
import { parseNpyHeader } from './npy.ts';

/** Written by numpy: tooling/golden/make_formats.py. */
const golden = (name: string) => fileURLToPath(new URL(`../../../test/golden/formats/${name}.npy`, import.meta.url));

async function writing(bytes: Uint8Array): Promise<string> {
  const folder = await temporaryFolder();
  await writeFiles(folder, { 'a.npy': bytes });
  return join(folder, 'a.npy');
}

describe('readNpy', () => {
  it.each<[string, readonly (number | bigint)[]]>([
    ['u1', [0, 1, 2, 3, 5, 6]], // 0, 1.25, 2.5, ... without fractions
    ['i4', [-2, 0, 0, 1, 3, 4]], // -2, -0.75, 0.5, 1.75, 3, 4.25 cut towards 0
    ['i8', [-2n, 0n, 0n, 1n, 3n, 4n]],
    ['f4', [-2, -0.75, 0.5, 1.75, 3, 4.25]],
    ['f8', [-2, -0.75, 0.5, 1.75, 3, 4.25]],
  ])('reads numbers of type %s', async (type, values) => {
    const array = await readNpy(golden(type));
    expect([array.type, array.shape]).toEqual([type, [2, 3]]);
    expect([...array.data]).toEqual(values);
  });

  it.each([1, 2, 3])('reads version %i', async (version) => {
    expect(await readNpy(golden(`version-${version}`))).toEqual({ type: 'i4', shape: [2, 3], data: Int32Array.of(0, 1, 2, 3, 4, 5) });
  });

  it('reads a scalar and a vector', async () => {
    expect(await readNpy(golden('scalar'))).toEqual({ type: 'f8', shape: [], data: Float64Array.of(2.5) });
    expect(await readNpy(golden('vector'))).toEqual({ type: 'i8', shape: [5], data: BigInt64Array.of(0n, 1n, 2n, 3n, 4n) });
  });

  it('reads only the rows asked for', async () => {
    const array = await readNpy(golden('f4'), ({ shape }) => ({ from: 1, to: shape[0]! }));
    expect(array).toEqual({ type: 'f4', shape: [1, 3], data: Float32Array.of(1.75, 3, 4.25) });
    await expect(readNpy(golden('f4'), () => ({ from: 1, to: 3 }))).rejects.toThrow('rows: expected a part of 0 to 2');
  });

  it.each([
    ['fortran', 'fortran.npy: fortran_order: expected C order (False), received "True". Save it again with numpy.ascontiguousarray'],
    ['big-endian', 'big-endian.npy: descr: expected one of |u1, <i4, <i8, <f4, <f8, received ">f4". Save it again in little-endian order'],
    ['complex', 'complex.npy: descr: expected one of |u1, <i4, <i8, <f4, <f8, received "<c8"'],
    ['structure', 'structure.npy: descr: expected one of |u1, <i4, <i8, <f4, <f8, received "a structure"'],
  ])('refuses %s', async (name, sentence) => {
    await expect(readNpy(golden(name))).rejects.toMatchObject({ code: 'BAD_FILE', message: expect.stringContaining(sentence) });
  });

  it('names the file and the byte where something is wrong', async () => {
    const good = new Uint8Array(await readFile(golden('f4')));
    const bad = async (bytes: Uint8Array, sentence: string) => {
      await expect(readNpy(await writing(bytes))).rejects.toMatchObject({ code: 'BAD_FILE', message: expect.stringContaining(sentence) });
    };
    await bad(
      good.subarray(0, good.length - 1),
      'a.npy: byte 128: expected 24 bytes of numbers for shape (2, 3), received "23 bytes". The file is cut short',
    );
    await bad(Uint8Array.of(...good, 0), 'received "25 bytes". Something follows the data');
    await bad(good.subarray(0, 40), 'a.npy: byte 8: expected a header of at most 30 bytes, received 118');
    await bad(
      Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12),
      'a.npy: byte 0: expected the .npy magic 93 4e 55 4d 50 59, received "01 02 03 04 05 06"',
    );
    await bad(new Uint8Array(), 'a.npy: byte 0: expected the .npy magic');
    await bad(good.with(6, 9), 'a.npy: byte 6: expected a .npy version from 1 to 3, received 9');
  });

  it('says what is there instead of a file', async () => {
    const folder = await temporaryFolder();
    await expect(readNpy(join(folder, 'none.npy'))).rejects.toMatchObject({ code: 'MISSING_FILE' });
    await expect(readNpy(folder)).rejects.toThrow('expected a .npy file, received "a folder"');
  });
});

describe('parseNpyHeader', () => {
  it('refuses a shape too large to be counted, before any memory is asked for', () => {
    const text = "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999, 99999999, 99999999), }\n";
    const bytes = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, text.length, 0, ...new TextEncoder().encode(text));
    expect(() => parseNpyHeader(bytes, 'x')).toThrow('x: shape: expected a size that can be counted');
  });
});
