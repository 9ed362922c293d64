import { nearest, SparseError } from '@freetickets/sparse-core';
import { cifar10, cifar100 } from './cifar.node.ts';
import type { Dataset } from './dataset.ts';
import { generated } from './generated.ts';
import { type ImageFolderOptions, imageFolder } from './image-folder.node.ts';
import { fashionMnist, mnist } from './mnist.node.ts';
import { svhn } from './svhn.node.ts';
import { takePerClass } from './take-per-class.ts';

export const datasetNames = ['generated', 'mnist', 'fashion-mnist', 'cifar10', 'cifar100', 'svhn', 'image-folder'] as const;
export type DatasetName = (typeof datasetNames)[number];

export interface LoadOptions extends Omit<ImageFolderOptions, 'size'> {
  readonly dataset: DatasetName;
  /** Folder or archive; every set but `generated` needs one. */
  readonly data?: string;
  /** Height and width in pixels, for `image-folder` (pictures are resized) and `generated`. */
  readonly size?: number;
  /** For `generated`. */
  readonly seed?: number;
}

/**
 * Any of the data sets by name, for programs that are told what to load. `limitPerClass` works for all of them and takes the first
 * pictures of each class, in train and in test alike.
 *
 * @throws SparseError INVALID_ARGUMENT for an unknown name, a missing `data` path, or an option that the set does not have; and whatever
 *   the loader of the set throws
 */
export async function loadDataset(options: LoadOptions): Promise<Dataset> {
  checkOptions(options);
  const { dataset, data = '', limitPerClass, size, seed } = options;
  switch (dataset) {
    case 'image-folder':
      return imageFolder(data, options);
    case 'generated':
      return limit(generated({ ...(size !== undefined && { size }), ...(seed !== undefined && { seed }) }), limitPerClass);
    case 'mnist':
      return limit(await mnist(data), limitPerClass);
    case 'fashion-mnist':
      return limit(await fashionMnist(data), limitPerClass);
    case 'cifar10':
      return limit(await cifar10(data), limitPerClass);
    case 'cifar100':
      return limit(await cifar100(data), limitPerClass);
    case 'svhn':
      return limit(await svhn(data), limitPerClass);
  }
}

function limit(dataset: Dataset, perClass: number | undefined): Dataset {
  if (perClass === undefined) return dataset;
  return { ...dataset, train: takePerClass(dataset.train, perClass), test: takePerClass(dataset.test, perClass) };
}

function checkOptions({ dataset, data, size, seed, augmentation }: LoadOptions): void {
  if (!datasetNames.includes(dataset)) {
    const near = nearest(String(dataset), datasetNames);
    throw new SparseError('INVALID_ARGUMENT', 'dataset', `one of ${datasetNames.join(', ')}`, dataset, near && `Did you mean ${near}?`);
  }
  if (dataset === 'generated' && data !== undefined) {
    throw new SparseError('INVALID_ARGUMENT', 'data', 'no path, because the generated set is drawn and not read', data);
  }
  if (dataset !== 'generated' && !data) {
    const what = dataset === 'image-folder' ? 'a folder or tar archive of pictures' : `the folder with the files of ${dataset}`;
    throw new SparseError('INVALID_ARGUMENT', 'data', `the path of ${what}`, data, 'The set generated needs none');
  }
  const refuse = (at: string, value: unknown, owners: readonly DatasetName[]) => {
    if (value !== undefined && !owners.includes(dataset)) {
      throw new SparseError('INVALID_ARGUMENT', at, `no value for ${dataset}`, value, `It belongs to ${owners.join(' and ')}`);
    }
  };
  refuse('size', size, ['image-folder', 'generated']);
  refuse('seed', seed, ['generated']);
  refuse('augmentation', augmentation, ['image-folder']);
}
