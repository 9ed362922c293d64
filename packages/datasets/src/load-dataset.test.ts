import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { idx, png, temporaryFolder, writeArchive, writeFiles } from '../test/files.ts';
import { type LoadOptions, loadDataset } from './load-dataset.node.ts';

describe('loadDataset', () => {
  it('draws the generated set, in the size and of the seed asked for', async () => {
    const set = await loadDataset({ dataset: 'generated', limitPerClass: 3, size: 8, seed: 1 });
    expect([set.name, set.train.size, set.test.size, ...set.shape]).toEqual(['generated', 30, 30, 1, 8, 8]);
  });

  it('loads MNIST and takes the first of each class, class by class', async () => {
    const folder = await temporaryFolder();
    const images = (count: number) => idx([count, 28, 28], Array(count * 784).fill(count));
    await writeFiles(folder, {
      'train-images-idx3-ubyte': images(4),
      'train-labels-idx1-ubyte': idx([4], [1, 1, 0, 1]),
      't10k-images-idx3-ubyte': images(2),
      't10k-labels-idx1-ubyte': idx([2], [0, 0]),
    });
    const set = await loadDataset({ dataset: 'mnist', data: folder, limitPerClass: 1 });
    expect([[...set.train.labels], [...set.test.labels]]).toEqual([[0, 1], [0]]);
  });

  it('loads CIFAR-10 and CIFAR-100', async () => {
    const folder = await temporaryFolder();
    const record = (...labels: number[]) => Uint8Array.from([...labels, ...Array(3072).fill(9)]);
    const batches = [1, 2, 3, 4, 5].map((i) => [`data_batch_${i}.bin`, record(i)] as const);
    await writeFiles(folder, {
      ...Object.fromEntries(batches),
      'test_batch.bin': record(7),
      'train.bin': record(1, 2),
      'test.bin': record(3, 4),
    });
    expect([...(await loadDataset({ dataset: 'cifar10', data: folder })).train.labels]).toEqual([1, 2, 3, 4, 5]);
    expect([...(await loadDataset({ dataset: 'cifar100', data: folder })).test.labels]).toEqual([4]);
  });

  it('asks SVHN and Fashion-MNIST for their files', async () => {
    const folder = await temporaryFolder();
    await expect(loadDataset({ dataset: 'svhn', data: folder })).rejects.toThrow('train_32x32.mat: expected a MATLAB 5 file');
    // All four are looked for at once; whichever is missed first is named.
    await expect(loadDataset({ dataset: 'fashion-mnist', data: folder })).rejects.toThrow(
      /with the file (train|t10k)-(images|labels)-idx[13]-ubyte/,
    );
  });

  it('loads an image folder with its options', async () => {
    const path = join(await temporaryFolder(), 'set.tgz');
    const red = await png(4, 4, [255, 0, 0]);
    await writeArchive(path, { 'train/a/1.png': red, 'train/a/2.png': red, 'test/a/1.png': red });
    const set = await loadDataset({
      dataset: 'image-folder',
      data: path,
      limitPerClass: 1,
      size: 2,
      augmentation: 'crop-flip',
      cache: false,
    });
    expect([set.train.size, ...set.shape]).toEqual([1, 3, 2, 2]);
    expect(set.augmentation).not.toBe('none');
  });

  it.each<[object, string]>([
    [{ dataset: 'mnist' }, 'data: expected the path of the folder with the files of mnist, received undefined'],
    [{ dataset: 'cifar10', data: '' }, 'data: expected the path of the folder with the files of cifar10'],
    [{ dataset: 'image-folder' }, 'data: expected the path of a folder or tar archive of pictures, received undefined'],
    [{ dataset: 'generated', data: 'x' }, 'data: expected no path'],
    [
      { dataset: 'cifar-10', data: 'x' },
      'dataset: expected one of generated, mnist, fashion-mnist, cifar10, cifar100, svhn, image-folder, received "cifar-10". Did you mean cifar10?',
    ],
    [{}, 'dataset: expected one of'],
    [{ dataset: 'mnist', data: 'x', size: 32 }, 'size: expected no value for mnist, received 32. It belongs to image-folder and generated'],
    [{ dataset: 'cifar10', data: 'x', seed: 1 }, 'seed: expected no value for cifar10'],
    [{ dataset: 'generated', augmentation: 'crop-flip' }, 'augmentation: expected no value for generated'],
    [{ dataset: 'generated', limitPerClass: 0 }, 'limitPerClass: expected a whole number of at least 1'],
  ])('refuses %j', async (options, message) => {
    await expect(loadDataset(options as LoadOptions)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(message),
    });
  });
});
