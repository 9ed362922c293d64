import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { readFileOrExplain } from '@freetickets/sparse-core/node';
import { classNames } from './class-names.ts';
import type { Dataset, Samples } from './dataset.ts';
import { exists } from './exists.node.ts';
import { gunzipIfNeeded } from './gunzip.node.ts';
import { type Idx, parseIdx } from './idx.ts';
import { inSharedMemory } from './shared-bytes.ts';

const SIDE = 28;

/**
 * MNIST from its four IDX files, in file order.
 *
 * @param folder holds `train-images-idx3-ubyte`, `train-labels-idx1-ubyte`, `t10k-images-idx3-ubyte` and `t10k-labels-idx1-ubyte`, each
 *   with or without `.gz`, each also with a dot before `idx`
 * @returns pictures 1 x 28 x 28, classes '0' to '9', normalised with mean 0.1307 and std 0.3081, no augmentation
 * @throws SparseError MISSING_FILE; BAD_FILE for a file that is cut short, damaged, too long or does not belong to its partner
 */
export async function mnist(folder: string): Promise<Dataset> {
  return { name: 'mnist', classes: classNames.mnist, ...(await readParts(folder)), normalization: { mean: [0.1307], std: [0.3081] } };
}

/** Fashion-MNIST: clothes in files of the same names and format; mean 0.2860 and std 0.3530. @throws SparseError as `mnist` does */
export async function fashionMnist(folder: string): Promise<Dataset> {
  const normalization = { mean: [0.286], std: [0.353] };
  return { name: 'fashion-mnist', classes: classNames.fashionMnist, ...(await readParts(folder)), normalization };
}

async function readParts(folder: string): Promise<Pick<Dataset, 'shape' | 'train' | 'test' | 'augmentation'>> {
  // one after the other, so that of several wrong files it is always the same one that is told
  const train = await readPart(folder, 'train');
  const test = await readPart(folder, 't10k');
  return { shape: [1, SIDE, SIDE], train, test, augmentation: 'none' };
}

async function readPart(folder: string, part: 'train' | 't10k'): Promise<Samples> {
  const images = await readIdx(folder, `${part}-images`, 3);
  const labels = await readIdx(folder, `${part}-labels`, 1);
  const [size, height, width] = images.shape as [number, number, number];
  if (height !== SIDE || width !== SIDE)
    throw new SparseError('BAD_FILE', images.path, `pictures of ${SIDE}x${SIDE}`, `${height}x${width}`);
  if (size === 0) throw new SparseError('BAD_FILE', images.path, 'at least one picture', 'none');
  if (labels.data.length !== size) {
    throw new SparseError(
      'BAD_FILE',
      labels.path,
      `${size} labels, one for each picture of ${images.path}`,
      `${labels.data.length} labels`,
      'The two files do not belong together',
    );
  }
  const wrong = labels.data.findIndex((label) => label > 9);
  if (wrong !== -1) throw new SparseError('BAD_FILE', `${labels.path}: label ${wrong}`, 'a class from 0 to 9', labels.data[wrong]);
  return { size, images: inSharedMemory(images.data), labels: Int32Array.from(labels.data) };
}

async function readIdx(folder: string, stem: string, dimensions: 1 | 3): Promise<Idx & { path: string }> {
  const path = await findFile(folder, stem, dimensions);
  const bytes = await gunzipIfNeeded(await readFileOrExplain(path, 'an IDX file of MNIST'), path);
  return { path, ...parseIdx(bytes, dimensions, path) };
}

/** The first name in use; unpacked files before packed ones, because they load faster. */
async function findFile(folder: string, stem: string, dimensions: 1 | 3): Promise<string> {
  const names = ['', '.gz'].flatMap((ending) => [`${stem}-idx${dimensions}-ubyte${ending}`, `${stem}.idx${dimensions}-ubyte${ending}`]);
  for (const name of names) {
    const path = join(folder, name);
    if (await exists(path)) return path;
  }
  throw new SparseError(
    'MISSING_FILE',
    folder,
    `a folder with the file ${names[0]}, with or without .gz`,
    (await exists(folder)) ? 'no such file in it' : 'no such folder',
    'Give the folder that holds the four IDX files of MNIST',
  );
}
