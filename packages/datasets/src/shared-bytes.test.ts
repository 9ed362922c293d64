import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { idx, png, temporaryFolder, writeFiles } from '../test/files.ts';
import { type LoadOptions, loadDataset } from './load-dataset.node.ts';
import { inSharedMemory, sharedBytes } from './shared-bytes.ts';

describe('inSharedMemory', () => {
  it('copies ordinary bytes, of a view only those in view', () => {
    const view = Uint8Array.from([1, 2, 3, 4]).subarray(1, 3);
    const shared = inSharedMemory(view);
    expect([...shared]).toEqual([2, 3]);
    expect(shared.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(shared.buffer.byteLength).toBe(2);
  });

  it('leaves shared bytes where they are, views too', () => {
    const view = sharedBytes(4).subarray(1, 3);
    expect(inSharedMemory(view)).toBe(view);
  });
});

describe('the pictures that a loader gives lie in shared memory', () => {
  const record = (...labels: number[]) => Uint8Array.from([...labels, ...Array(3072).fill(9)]);
  const cases: readonly [name: string, options: (folder: string) => LoadOptions][] = [
    ['generated', () => ({ dataset: 'generated', size: 8 })],
    ['the first of each class', () => ({ dataset: 'generated', size: 8, limitPerClass: 2 })],
    ['MNIST', (data) => ({ dataset: 'mnist', data })],
    ['CIFAR-100', (data) => ({ dataset: 'cifar100', data })],
    ['an image folder', (data) => ({ dataset: 'image-folder', data, cache: false })],
    ['a grey image folder', (data) => ({ dataset: 'image-folder', data: join(data, 'grey'), cache: false })],
  ];

  it.each(cases)('%s', async (_name, options) => {
    const folder = await temporaryFolder();
    const [red, grey] = [await png(4, 4, [255, 0, 0]), await png(4, 4, [7, 7, 7])];
    const pictures = (bytes: Uint8Array) => ({ 'train/a/1.png': bytes, 'test/a/1.png': bytes });
    await writeFiles(folder, {
      'train-images-idx3-ubyte': idx([1, 28, 28], Array(784).fill(1)),
      'train-labels-idx1-ubyte': idx([1], [1]),
      't10k-images-idx3-ubyte': idx([1, 28, 28], Array(784).fill(1)),
      't10k-labels-idx1-ubyte': idx([1], [0]),
      'train.bin': record(1, 2),
      'test.bin': record(3, 4),
      ...pictures(red),
      ...Object.fromEntries(Object.entries(pictures(grey)).map(([name, bytes]) => [`grey/${name}`, bytes])),
    });
    const { train, test } = await loadDataset(options(folder));
    for (const { images } of [train, test]) expect(images.buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it('an image folder from the cache', async () => {
    const folder = await temporaryFolder();
    const red = await png(4, 4, [255, 0, 0]);
    await writeFiles(folder, { 'set/train/a/1.png': red, 'set/test/a/1.png': red });
    let decoded = 0;
    const load = () =>
      loadDataset({ dataset: 'image-folder', data: join(folder, 'set'), cache: join(folder, 'cache'), onProgress: () => decoded++ });
    await load();
    const { train, test } = await load();
    expect(decoded).toBe(2);
    for (const { images } of [train, test]) expect(images.buffer).toBeInstanceOf(SharedArrayBuffer);
  });
});
