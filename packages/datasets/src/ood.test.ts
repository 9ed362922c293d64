import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { idx, temporaryFolder, writeFiles } from '../test/files.ts';
import { noise } from './noise.ts';
import { loadOod } from './ood.node.ts';

const colour = { name: 'cifar10', shape: [3, 32, 32] as const };
const grey = { name: 'mnist', shape: [1, 28, 28] as const };
const SVHN = fileURLToPath(new URL('../../../test/golden/formats/plain', import.meta.url));

describe('noise', () => {
  it('is normal about the middle grey with a quarter of the range, black and white taking the tails', () => {
    const { images, labels, size } = noise({ kind: 'gaussian', dataset: grey, size: 200 });
    const n = images.length;
    expect([n, labels.length, size]).toEqual([200 * 784, 200, 200]);
    const share = (within: (byte: number) => boolean) => images.reduce((sum, byte) => sum + Number(within(byte)), 0) / n;
    // P(z < -2) = 0.02275 falls below black; half a level more is rounded to it: z < -2 + 2/255.
    expect(share((byte) => byte === 0)).toBeCloseTo(0.0232, 2);
    expect(share((byte) => byte === 255)).toBeCloseTo(0.0232, 2);
    expect(share((byte) => byte <= 63)).toBeCloseTo(0.1587, 2); // z < -1
    expect(share((byte) => byte <= 127)).toBeCloseTo(0.5, 2);
  });

  it('is uniform over all bytes', () => {
    const { images } = noise({ kind: 'uniform', dataset: grey, size: 200 });
    const counts = new Float64Array(256);
    for (const byte of images) counts[byte]!++;
    const expected = images.length / 256;
    const chiSquare = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(chiSquare).toBeGreaterThan(170); // 255 degrees of freedom: 170 to 360 but for one in 10,000
    expect(chiSquare).toBeLessThan(360);
  });

  it('draws each picture on its own', () => {
    const few = noise({ kind: 'gaussian', dataset: colour, size: 2, seed: 4 });
    expect([...noise({ kind: 'gaussian', dataset: colour, size: 3, seed: 4 }).images.subarray(0, 2 * 3072)]).toEqual([...few.images]);
    expect(noise({ kind: 'gaussian', dataset: colour, size: 2, seed: 5 }).images).not.toEqual(few.images);
  });

  it('refuses sizes that are none', () => {
    expect(() => noise({ kind: 'uniform', dataset: grey, size: 0 })).toThrow('size: expected a whole number from 1 to 1000000, received 0');
    expect(() => noise({ kind: 'pink' as 'uniform', dataset: grey })).toThrow('kind: expected one of gaussian, uniform, received "pink"');
  });
});

describe('loadOod', () => {
  it('takes the test part of SVHN', async () => {
    const { name, samples } = await loadOod(`svhn:${SVHN}`, { dataset: colour });
    expect([name, samples.size, ...samples.labels]).toEqual(['svhn', 3, 1, 0, 7]);
  });

  it('takes Fashion-MNIST for MNIST, from a path with colons', async () => {
    const folder = `${await temporaryFolder()}/a:b`;
    const part = (count: number, value: number) => idx([count, 28, 28], Array(count * 784).fill(value));
    await writeFiles(folder, {
      'train-images-idx3-ubyte': part(1, 1),
      'train-labels-idx1-ubyte': idx([1], [1]),
      't10k-images-idx3-ubyte': part(2, 7),
      't10k-labels-idx1-ubyte': idx([2], [9, 3]),
    });
    const { samples } = await loadOod(`fashion-mnist:${folder}`, { dataset: grey });
    expect([...samples.labels, samples.images[0]]).toEqual([9, 3, 7]);
  });

  it('draws noise and the generated digits in the shape of the network', async () => {
    expect((await loadOod('gaussian-noise', { dataset: grey })).samples.images.length).toBe(10_000 * 784);
    expect((await loadOod('generated', { dataset: grey })).samples.images.length).toBe(2000 * 784);
  });

  it.each<[string, typeof grey | typeof colour, string]>([
    ['svhm:x', colour, 'received "svhm". Did you mean svhn?'],
    ['', colour, 'expected NAME or NAME:PATH with one of generated, mnist, '],
    ['svhn', colour, 'svhn: expected svhn:PATH, received "svhn". Say where the files of svhn are'],
    ['uniform-noise:x', colour, 'expected no path, because uniform-noise is drawn and not read, received "x"'],
    ['mnist:x', grey, 'mnist:x: expected another set than the network was trained on, received "mnist"'],
    [`svhn:${SVHN}`, grey, 'expected pictures of 1x28x28, as in mnist, received "3x32x32"'],
    ['generated', colour, 'generated: expected pictures of 3x32x32, as in cifar10, received "1x32x32"'],
  ])('refuses %s', async (word, dataset, sentence) => {
    await expect(loadOod(word, { dataset })).rejects.toThrow(sentence);
  });
});
