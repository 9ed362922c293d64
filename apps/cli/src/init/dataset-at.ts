/** Which data set lies at a path, by the names of its files. */
import { readdir, stat } from 'node:fs/promises';
import { SparseError } from '@freetickets/sparse-core';
import type { Experiment } from '../experiment-fields.ts';

/** Fashion-MNIST has MNIST's names: who means it says so with --dataset. */
const SIGNS: readonly (readonly [dataset: Experiment['dataset'], sign: RegExp])[] = [
  ['mnist', /^train-images[-.]idx3-ubyte/],
  ['cifar10', /^data_batch_1\.bin$/],
  ['cifar100', /^train\.bin$/],
  ['svhn', /^train_32x32\.mat$/],
];

/**
 * @returns `image-folder` for what has none of the known files: folders of classes, or an archive of them
 * @throws SparseError MISSING_FILE
 */
export async function datasetAt(path: string): Promise<Experiment['dataset']> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new SparseError('MISSING_FILE', path, 'a folder or a tar archive of pictures', new Error('nothing'), '', { cause });
  });
  if (!found.isDirectory()) return 'image-folder';
  const names = await readdir(path);
  return SIGNS.find(([, sign]) => names.some((name) => sign.test(name)))?.[0] ?? 'image-folder';
}

/** A network that learns a data set within minutes. */
export const networkForStart = (dataset: Experiment['dataset']): string => {
  if (dataset === 'image-folder') return 'lenet-5';
  return /^(cifar|svhn)/.test(dataset) ? 'wrn-16-2' : 'lenet-300-100';
};
