import { describe, expect, it } from 'vitest';
import { type Files, temporaryFolder, writeFiles } from '../test/files.ts';
import { cifar10, cifar100 } from './cifar.node.ts';

/** One record: its label bytes, then 3072 pixels that count up from `first`. */
const record = (labels: readonly number[], first: number) => [...labels, ...Array.from({ length: 3072 }, (_, i) => (first + i) % 256)];
const file = (...records: readonly (readonly number[])[]) => Uint8Array.from(records.flat());

const ten: Files = {
  'data_batch_1.bin': file(record([3], 1), record([9], 2)),
  'data_batch_2.bin': file(record([0], 3)),
  'data_batch_3.bin': file(record([1], 4)),
  'data_batch_4.bin': file(record([2], 5)),
  'data_batch_5.bin': file(record([4], 6)),
  'test_batch.bin': file(record([8], 7)),
};
const hundred: Files = { 'train.bin': file(record([11, 98], 1), record([0, 5], 2)), 'test.bin': file(record([19, 0], 3)) };

async function folderWith(files: Files): Promise<string> {
  const folder = await temporaryFolder();
  await writeFiles(folder, files);
  return folder;
}

describe('cifar10', () => {
  it('reads the batches in order', async () => {
    const set = await cifar10(await folderWith(ten));
    expect([...set.train.labels]).toEqual([3, 9, 0, 1, 2, 4]);
    expect([...set.train.images].filter((_, i) => i % 3072 === 0)).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...set.test.images]).toEqual(record([], 7));
    expect(set.shape).toEqual([3, 32, 32]);
    expect(set.classes.slice(0, 3)).toEqual(['airplane', 'automobile', 'bird']);
    expect(set.normalization).toEqual({ mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] });
    expect(set.augmentation).toEqual({ pad: 4, fill: 'reflect', flip: 0.5 });
  });

  it('reads from the folder above, as the archive unpacks', async () => {
    const below = Object.fromEntries(Object.entries(ten).map(([name, bytes]) => [`cifar-10-batches-bin/${name}`, bytes]));
    expect((await cifar10(await folderWith(below))).train.size).toBe(6);
  });

  it('takes class names from the file', async () => {
    const names = 'a b c d e f g h i j'.split(' ');
    expect((await cifar10(await folderWith({ ...ten, 'batches.meta.txt': `${names.join('\n')}\n\n` }))).classes).toEqual(names);
  });

  it.each<[string, Files, RegExp]>([
    [
      'cut short',
      { 'data_batch_3.bin': file(record([1], 4)).subarray(0, 3000) },
      /data_batch_3\.bin: expected whole records of 3073 bytes, received "3000 bytes"/,
    ],
    [
      'too long',
      { 'test_batch.bin': file(record([8], 7), [0]) },
      /test_batch\.bin: expected whole records of 3073 bytes, received "3074 bytes"/,
    ],
    ['empty', { 'test_batch.bin': '' }, /received "0 bytes"/],
    [
      'of a label out of range',
      { 'data_batch_1.bin': file(record([3], 1), record([10], 2)) },
      /record 1: expected a label from 0 to 9, received 10/,
    ],
    [
      'of too few names',
      { 'batches.meta.txt': 'cat\ndog\n' },
      /batches\.meta\.txt: expected 10 class names, one per line, received "2 lines"/,
    ],
  ])('refuses files that are %s', async (_, files, message) => {
    const folder = await folderWith({ ...ten, ...files });
    await expect(cifar10(folder)).rejects.toMatchObject({ code: 'BAD_FILE', message: expect.stringMatching(message) });
  });

  it('names a missing file', async () => {
    const { 'data_batch_4.bin': _left, ...others } = ten;
    const message = expect.stringMatching(/data_batch_4\.bin: expected a file of the binary version of CIFAR/);
    await expect(cifar10(await folderWith(others))).rejects.toMatchObject({ code: 'MISSING_FILE', message });
  });
});

describe('cifar100', () => {
  it('reads the fine labels', async () => {
    const set = await cifar100(await folderWith(hundred));
    expect([...set.train.labels]).toEqual([98, 5]);
    expect([...set.train.images.subarray(0, 3072)]).toEqual(record([], 1));
    expect([...set.test.labels]).toEqual([0]);
    expect(set.normalization.mean).toEqual([0.50707516, 0.48654887, 0.44091784]);
    expect(set.augmentation).toEqual({ pad: 4, fill: 'zero', flip: 0.5 });
  });

  it('knows a hundred different class names, in alphabetical order', async () => {
    const { classes } = await cifar100(await folderWith(hundred));
    expect(new Set(classes).size).toBe(100);
    expect([...classes].sort()).toEqual(classes);
    expect([classes[0], classes[52], classes[99]]).toEqual(['apple', 'oak_tree', 'worm']);
  });

  it('refuses a label of 100', async () => {
    const folder = await folderWith({ ...hundred, 'test.bin': file(record([0, 100], 3)) });
    await expect(cifar100(folder)).rejects.toThrow('record 0: expected a label from 0 to 99, received 100');
  });
});
