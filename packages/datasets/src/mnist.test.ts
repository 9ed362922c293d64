import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Files, idx, realData, temporaryFolder, writeFiles } from '../test/files.ts';
import { fashionMnist, mnist } from './mnist.node.ts';
import { normalizationOf } from './normalization.ts';

const pixels = (count: number) => Array.from({ length: count * 784 }, (_, i) => i % 251);
const good = {
  'train-images-idx3-ubyte': idx([3, 28, 28], pixels(3)),
  'train-labels-idx1-ubyte': idx([3], [5, 0, 9]),
  't10k-images-idx3-ubyte': idx([2, 28, 28], pixels(2)),
  't10k-labels-idx1-ubyte': idx([2], [7, 1]),
};

async function load(files: Files) {
  const folder = await temporaryFolder();
  await writeFiles(folder, files);
  return mnist(folder);
}

describe('mnist', () => {
  it('reads the four files', async () => {
    const set = await load(good);
    expect(set.shape).toEqual([1, 28, 28]);
    expect([set.train.size, set.test.size]).toEqual([3, 2]);
    expect([...set.train.images]).toEqual(pixels(3));
    expect([...set.train.labels]).toEqual([5, 0, 9]);
    expect([...set.test.labels]).toEqual([7, 1]);
    expect(set.normalization).toEqual({ mean: [0.1307], std: [0.3081] });
    expect(set.augmentation).toBe('none');
  });

  it('reads gzipped files and names with a dot, mixed', async () => {
    const set = await load({
      'train-images-idx3-ubyte.gz': gzipSync(good['train-images-idx3-ubyte']),
      'train-labels.idx1-ubyte': good['train-labels-idx1-ubyte'],
      't10k-images.idx3-ubyte.gz': gzipSync(good['t10k-images-idx3-ubyte']),
      't10k-labels-idx1-ubyte': good['t10k-labels-idx1-ubyte'],
    });
    expect(set).toEqual(await load(good));
  });

  const damaged = gzipSync(good['train-images-idx3-ubyte']);
  damaged[damaged.length >> 1]! ^= 0xff;
  const images = 'train-images-idx3-ubyte';
  const labels = 'train-labels-idx1-ubyte';
  it.each<[string, Files, string, RegExp]>([
    [
      'cut short',
      { [images]: good[images].subarray(0, 2000) },
      'BAD_FILE',
      /images-idx3-ubyte: expected 2352 bytes after the header, for 3 x 28 x 28, received "1984 bytes"\. .*cut short/,
    ],
    [
      'cut within the header',
      { [images]: good[images].subarray(0, 10) },
      'BAD_FILE',
      /expected an IDX header of 16 bytes, received "10 bytes"/,
    ],
    ['empty', { [labels]: '' }, 'BAD_FILE', /labels-idx1-ubyte: expected an IDX header of 8 bytes, received "0 bytes"/],
    [
      'too long',
      { [labels]: idx([3], [5, 0, 9, 1]) },
      'BAD_FILE',
      /expected 3 bytes after the header, for 3, received "4 bytes"\. Something follows/,
    ],
    [
      'garbage',
      { [images]: 'this is no picture, it is a text' },
      'BAD_FILE',
      /expected the IDX magic number 0x00000803, received "0x74686973"/,
    ],
    [
      'labels in place of images',
      { [images]: good[labels], [labels]: good[labels] },
      'BAD_FILE',
      /images-idx3-ubyte: expected an IDX header of 16 bytes/,
    ],
    ['images in place of labels', { [labels]: good[images] }, 'BAD_FILE', /0x00000801, received "0x00000803"\. This is a file of images/],
    ['of another size', { [images]: idx([3, 14, 56], pixels(3)) }, 'BAD_FILE', /expected pictures of 28x28, received "14x56"/],
    ['without pictures', { [images]: idx([0, 28, 28], []), [labels]: idx([0], []) }, 'BAD_FILE', /at least one picture/],
    ['a header that claims 2^96 bytes', { [images]: idx([0xffffffff, 0xffffffff, 0xffffffff], pixels(1)) }, 'BAD_FILE', /cut short/],
    [
      'a label out of range',
      { [labels]: idx([3], [5, 10, 9]) },
      'BAD_FILE',
      /labels-idx1-ubyte: label 1: expected a class from 0 to 9, received 10/,
    ],
    [
      'labels that are too few',
      { [labels]: idx([2], [5, 0]) },
      'BAD_FILE',
      /expected 3 labels, one for each picture of .*train-images-idx3-ubyte, received "2 labels"/,
    ],
  ])('refuses files that are %s', async (_, files, code, message) => {
    await expect(load({ ...good, ...files })).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it.each([
    ['damaged', damaged],
    ['cut short', gzipSync(good[images]).subarray(0, 100)],
  ])('refuses a gzip file that is %s', async (_, bytes) => {
    const { [images]: _left, ...others } = good;
    const message = expect.stringMatching(/train-images-idx3-ubyte\.gz: expected a whole gzip file/);
    await expect(load({ ...others, [`${images}.gz`]: bytes })).rejects.toMatchObject({ code: 'BAD_FILE', message });
  });

  it('names the missing file and folder', async () => {
    const { 't10k-labels-idx1-ubyte': _left, ...others } = good;
    await expect(load(others)).rejects.toMatchObject({
      code: 'MISSING_FILE',
      message: expect.stringMatching(/a folder with the file t10k-labels-idx1-ubyte, with or without \.gz, received "no such file in it"/),
    });
    await expect(mnist('/no/such/place')).rejects.toMatchObject({
      code: 'MISSING_FILE',
      message: expect.stringContaining('no such folder'),
    });
  });

  const real = realData('mnist');
  it.skipIf(!real)('real MNIST (skipped without shared/data beside the project) is what it is known to be', async () => {
    const set = await mnist(real!);
    expect([set.train.size, set.test.size]).toEqual([60_000, 10_000]);
    expect([...set.train.labels.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect([...set.test.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4]);
    // Published counts per digit of the training set.
    const counts = Array.from({ length: 10 }, (_, digit) => set.train.labels.filter((label) => label === digit).length);
    expect(counts).toEqual([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    const { mean, std } = normalizationOf(set.train, 1);
    expect(mean[0]).toBeCloseTo(0.1307, 4);
    expect(std[0]).toBeCloseTo(0.3081, 4);
  });
});

describe('fashionMnist', () => {
  it('reads files of the same names, with classes and normalisation of its own', async () => {
    const folder = await temporaryFolder();
    await writeFiles(folder, good);
    const set = await fashionMnist(folder);
    expect([set.name, set.classes.length, set.classes[9]]).toEqual(['fashion-mnist', 10, 'ankle_boot']);
    expect(set.normalization).toEqual({ mean: [0.286], std: [0.353] });
    expect(set.train).toEqual((await mnist(folder)).train);
  });
});
