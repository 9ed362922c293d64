/** Street View House Numbers, cropped digits, as published: MATLAB files of X (32, 32, 3, N) and y (N, 1), where class 10 is the digit 0. */
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { classNames } from './class-names.ts';
import { cropFlip, type Dataset, type Samples } from './dataset.ts';
import { readMat } from './mat.node.ts';
import { sharedBytes } from './shared-bytes.ts';

const SIDE = 32;
const PLANE = SIDE * SIDE;

/**
 * SVHN from `train_32x32.mat` and `test_32x32.mat`, in file order.
 *
 * @returns pictures 3 x 32 x 32, classes '0' to '9'; normalised by the training pictures' mean and std; zero-padded by 4 and cropped in
 *   training, not mirrored
 * @throws SparseError MISSING_FILE; BAD_FILE for a file that is damaged or holds something else
 */
export async function svhn(folder: string): Promise<Dataset> {
  // One after the other: each takes twice its size for a moment.
  const train = await svhnPart(folder, 'train');
  return {
    name: 'svhn',
    classes: classNames.mnist,
    shape: [3, SIDE, SIDE],
    train,
    test: await svhnPart(folder, 'test'),
    normalization: { mean: [0.4377, 0.4438, 0.4728], std: [0.198, 0.201, 0.197] },
    augmentation: cropFlip({ fill: 'zero', flip: 0 }),
  };
}

/** One of the parts alone; `extra` is the large third one. */
export async function svhnPart(folder: string, name: 'train' | 'test' | 'extra'): Promise<Samples> {
  const path = join(folder, `${name}_32x32.mat`);
  const { X: pictures, y: digits } = await readMat(path, ['X', 'y']);
  const [height, width, channels, size = 1] = pictures.shape;
  if (height !== SIDE || width !== SIDE || channels !== 3 || !(pictures.data instanceof Uint8Array) || size === 0) {
    throw new SparseError('BAD_FILE', `${path}: X`, 'bytes of shape (32, 32, 3, N)', `shape (${pictures.shape.join(', ')})`);
  }
  if (digits.data.length !== size)
    throw new SparseError('BAD_FILE', `${path}: y`, `${size} labels, one per picture`, `${digits.data.length} labels`);
  const wrong = digits.data.findIndex((digit) => !Number.isInteger(digit) || digit < 0 || digit > 10);
  if (wrong !== -1) throw new SparseError('BAD_FILE', `${path}: y, label ${wrong}`, 'a class from 1 to 10', digits.data[wrong]);
  const images = sharedBytes(size * 3 * PLANE);
  transposePlanes(pictures.data, images);
  return { size, images, labels: Int32Array.from(digits.data, (digit) => digit % 10) };
}

/** MATLAB's first index, the row, runs fastest: each plane lies there with rows and columns exchanged. */
function transposePlanes(from: Uint8Array, to: Uint8Array): void {
  for (let start = 0; start < to.length; start += PLANE) {
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) to[start + y * SIDE + x] = from[start + x * SIDE + y]!;
    }
  }
}
