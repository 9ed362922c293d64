import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Files, temporaryFolder, writeFiles } from '../test/files.ts';
import { cifarC, corruptionsIn } from './cifar-c.node.ts';
import { corruptionCells } from './corruption-cells.node.ts';
import { corrupted } from './corruptions/corrupted.node.ts';
import { parseNpyHeader } from './npy.ts';
import { writeCifarC } from './write-cifar-c.node.ts';

const dataset = { classes: Array.from('0123456789'), shape: [3, 32, 32] as const };

/** A .npy file of bytes as numpy lays it out. */
function npy(shape: readonly number[], data: Uint8Array, descr = '|u1'): Uint8Array {
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }\n`;
  return Uint8Array.of(0x93, ...new TextEncoder().encode('NUMPY'), 1, 0, text.length, 0, ...new TextEncoder().encode(text), ...data);
}

/** Two pictures a severity. Picture i: red is i, green 100 + i, blue the column. */
const pictures = Uint8Array.from({ length: 10 * 3072 }, (_, i) => {
  const [picture, column] = [Math.floor(i / 3072), Math.floor(i / 3) % 32];
  return [picture, 100 + picture, column][i % 3]!;
});
const good: Files = {
  'fog.npy': npy([10, 32, 32, 3], pictures),
  'labels.npy': npy([10], Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)),
};

async function folderWith(files: Files): Promise<string> {
  const folder = await temporaryFolder();
  await writeFiles(folder, files);
  return folder;
}

describe('cifarC', () => {
  it('reads one severity, in planes', async () => {
    const { size, images, labels } = await cifarC(await folderWith(good), { dataset, corruption: 'fog', severity: 3 });
    expect([size, ...labels]).toEqual([2, 4, 5]);
    const plane = (start: number) => images.subarray(start * 1024, (start + 1) * 1024);
    expect(plane(0).every((value) => value === 4)).toBe(true);
    expect(plane(4).every((value) => value === 105)).toBe(true);
    expect(plane(5).every((value, at) => value === at % 32)).toBe(true);
  });

  it('reads labels of 64 bits', async () => {
    const labels = new Uint8Array(BigInt64Array.from(Array.from({ length: 10 }, (_, i) => BigInt(9 - i))).buffer);
    const folder = await folderWith({ ...good, 'labels.npy': npy([10], labels, '<i8') });
    expect([...(await cifarC(folder, { dataset, corruption: 'fog', severity: 5 })).labels]).toEqual([1, 0]);
  });

  it.each<[string, Files, object, string]>([
    ['a severity of 6', good, { severity: 6 }, 'severity: expected a whole number from 1 to 5, received 6'],
    ['half a severity', good, { severity: 1.5 }, 'severity: expected a whole number from 1 to 5, received 1.5'],
    ['a misspelt corruption', good, { corruption: 'frog' }, 'Did you mean fog?'],
    ['a corruption that is not there', good, { corruption: 'snow' }, 'with snow.npy, received "only fog"'],
    [
      'other pictures',
      { 'fog.npy': npy([5, 2], new Uint8Array(10)) },
      {},
      'fog.npy: expected bytes of shape (N, 32, 32, 3), received "u1 of shape (5, 2)"',
    ],
    [
      'rows that five do not divide',
      { 'fog.npy': npy([1, 32, 32, 3], new Uint8Array(3072)) },
      {},
      'fog.npy: expected five severities of equal length, received "1 rows"',
    ],
    [
      'too few labels',
      { 'labels.npy': npy([5], new Uint8Array(5)) },
      {},
      'labels.npy: expected 2 labels for each severity, one per picture, received "shape (1)"',
    ],
    [
      'a label of another set',
      { 'labels.npy': npy([10], new Uint8Array(10).fill(77)) },
      { severity: 2 },
      'labels.npy: label 2: expected a class from 0 to 9, received 77',
    ],
  ])('refuses %s', async (_, files, options, sentence) => {
    const folder = await folderWith({ ...good, ...files });
    await expect(cifarC(folder, { dataset, corruption: 'fog', severity: 1, ...options })).rejects.toThrow(sentence);
  });
});

describe('writeCifarC', () => {
  const clean = { size: 3, images: Uint8Array.from({ length: 3 * 3072 }, (_, i) => (7 * i) % 251), labels: Int32Array.of(3, 1, 9) };

  it('writes what cifarC reads and corrupted makes', async () => {
    const folder = await temporaryFolder();
    const told: number[] = [];
    const options = { dataset, clean, corruptions: ['fog', 'contrast'], seed: 5, onProgress: (done: number) => told.push(done) };
    expect(await writeCifarC(folder, options)).toEqual(['fog', 'contrast']);
    expect(told).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    for (const cell of [
      { corruption: 'fog', severity: 2 },
      { corruption: 'contrast', severity: 5 },
    ]) {
      const made = await corrupted(clean, { dataset, ...cell, seed: 5 });
      expect(await cifarC(folder, { dataset, ...cell })).toEqual(made);
    }
  });

  it('writes files that numpy reads: numbers from a multiple of 64 bytes on', async () => {
    const folder = await temporaryFolder();
    await writeCifarC(folder, { dataset, clean, corruptions: ['fog'] });
    const bytes = await readFile(join(folder, 'fog.npy'));
    const header = parseNpyHeader(bytes, 'fog.npy');
    expect([header.type, ...header.shape, header.offset % 64]).toEqual(['u1', 15, 32, 32, 3, 0]);
    expect(bytes.length).toBe(header.offset + 15 * 3072);
  });

  it('refuses before it writes anything', async () => {
    const folder = await temporaryFolder();
    await expect(writeCifarC(folder, { dataset, clean, corruptions: ['fog', 'frog'] })).rejects.toThrow('Did you mean fog?');
    await expect(writeCifarC(folder, { dataset: { shape: [1, 28, 28] }, clean })).rejects.toThrow('expected pictures of 3x32x32');
    expect(await readdir(folder)).toEqual([]);
  });
});

describe('corruptionCells', () => {
  it('goes through the corruptions of a folder, severity by severity', async () => {
    const folder = await folderWith({ ...good, 'brightness.npy': good['fog.npy']!, 'other.npy': '' });
    expect(await corruptionsIn(folder)).toEqual(['fog', 'brightness']);
    const cells: unknown[] = [];
    for await (const { corruption, severity, samples } of corruptionCells({ dataset, from: { folder } })) {
      cells.push([corruption, severity, samples.images[0]]);
    }
    const fiveOf = (name: string) => [1, 2, 3, 4, 5].map((severity) => [name, severity, 2 * (severity - 1)]);
    expect(cells).toEqual([...fiveOf('fog'), ...fiveOf('brightness')]);
  });

  it('refuses before the first cell what it could not do later', async () => {
    const clean = { size: 1, images: new Uint8Array(3072), labels: new Int32Array(1) };
    const cells = corruptionCells({ dataset, from: { clean }, severities: [1, 6] });
    await expect(cells.next()).rejects.toThrow('severity: expected a whole number from 1 to 5, received 6');
    await expect(corruptionCells({ dataset, from: { folder: await folderWith({}) } }).next()).rejects.toThrow('received "none of them"');
  });
});
