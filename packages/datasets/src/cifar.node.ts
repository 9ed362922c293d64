/**
 * CIFAR-10 and CIFAR-100 in their binary versions: files of records, each the label bytes and then 3072 pixels (3, 32, 32). For CIFAR as
 * a folder of pictures use `imageFolder`.
 */
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { readFileOrExplain } from '@freetickets/sparse-core/node';
import { classNames } from './class-names.ts';
import { cropFlip, type Dataset, type PictureShape, type Samples } from './dataset.ts';
import { exists } from './exists.node.ts';
import { sharedBytes } from './shared-bytes.ts';

const SHAPE: PictureShape = [3, 32, 32];
const PIXELS = 3072;

interface Layout {
  readonly name: 'cifar10' | 'cifar100';
  /** As the archive unpacks; accepted in place of the folder above it. */
  readonly folder: string;
  readonly trainFiles: readonly string[];
  readonly testFile: string;
  readonly namesFile: string;
  /** Per record; the class is the last of them (CIFAR-100 has the coarse label before the fine one). */
  readonly labelBytes: number;
}

/**
 * CIFAR-10 from `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, in file order.
 *
 * @param folder the one with these files, or the one with `cifar-10-batches-bin` in it
 * @returns pictures 3 x 32 x 32; reflect-padded by 4, cropped and mirrored in training; the std is the average of per-picture stds, as in
 *   the reference experiments (over all pixels it would be .2470 .2435 .2616)
 * @throws SparseError MISSING_FILE; BAD_FILE for a file of broken length or a label out of range
 */
export async function cifar10(folder: string): Promise<Dataset> {
  const parts = await readParts(folder, {
    name: 'cifar10',
    folder: 'cifar-10-batches-bin',
    trainFiles: [1, 2, 3, 4, 5].map((i) => `data_batch_${i}.bin`),
    testFile: 'test_batch.bin',
    namesFile: 'batches.meta.txt',
    labelBytes: 1,
  });
  return {
    ...parts,
    normalization: { mean: [0.4914, 0.4822, 0.4465], std: [0.2023, 0.1994, 0.201] },
    augmentation: cropFlip(),
  };
}

/**
 * CIFAR-100 with its fine labels, from `train.bin` and `test.bin`, in file order.
 *
 * @param folder the one with these files, or the one with `cifar-100-binary` in it
 * @returns pictures 3 x 32 x 32; zero-padded by 4, cropped and mirrored in training
 * @throws SparseError as `cifar10` does
 */
export async function cifar100(folder: string): Promise<Dataset> {
  const parts = await readParts(folder, {
    name: 'cifar100',
    folder: 'cifar-100-binary',
    trainFiles: ['train.bin'],
    testFile: 'test.bin',
    namesFile: 'fine_label_names.txt',
    labelBytes: 2,
  });
  return {
    ...parts,
    normalization: {
      mean: [0.50707516, 0.48654887, 0.44091784],
      std: [0.26733429, 0.25643846, 0.27615047],
    },
    augmentation: cropFlip({ fill: 'zero' }),
  };
}

async function readParts(given: string, layout: Layout): Promise<Pick<Dataset, 'name' | 'classes' | 'shape' | 'train' | 'test'>> {
  const below = join(given, layout.folder);
  const folder = (await exists(below)) ? below : given;
  const classes = await readNames(join(folder, layout.namesFile), classNames[layout.name]);
  const read = (name: string) => readRecords(join(folder, name), layout.labelBytes, classes.length);
  const [test, ...train] = await Promise.all([layout.testFile, ...layout.trainFiles].map(read));
  return { name: layout.name, classes, shape: SHAPE, train: concatenate(train), test: concatenate([test!]) };
}

async function readRecords(path: string, labelBytes: number, classes: number): Promise<Samples> {
  const bytes = await readFileOrExplain(path, 'a file of the binary version of CIFAR');
  const recordBytes = labelBytes + PIXELS;
  const size = Math.floor(bytes.length / recordBytes);
  if (size === 0 || bytes.length % recordBytes !== 0) {
    throw new SparseError(
      'BAD_FILE',
      path,
      `whole records of ${recordBytes} bytes`,
      `${bytes.length} bytes`,
      'The file is damaged; fetch it again',
    );
  }
  const images = new Uint8Array(size * PIXELS);
  const labels = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    const pixels = i * recordBytes + labelBytes;
    const label = bytes[pixels - 1]!;
    if (label >= classes) throw new SparseError('BAD_FILE', `${path}: record ${i}`, `a label from 0 to ${classes - 1}`, label);
    labels[i] = label;
    images.set(bytes.subarray(pixels, pixels + PIXELS), i * PIXELS);
  }
  return { size, images, labels };
}

function concatenate(parts: readonly Samples[]): Samples {
  const size = parts.reduce((sum, part) => sum + part.size, 0);
  const images = sharedBytes(size * PIXELS);
  const labels = new Int32Array(size);
  let at = 0;
  for (const part of parts) {
    images.set(part.images, at * PIXELS);
    labels.set(part.labels, at);
    at += part.size;
  }
  return { size, images, labels };
}

/** One name per line. The file is a courtesy of the archive: where it is missing, the names are known anyway. */
async function readNames(path: string, known: readonly string[]): Promise<readonly string[]> {
  if (!(await exists(path))) return known;
  const names = new TextDecoder()
    .decode(await readFileOrExplain(path, 'class names', 2 ** 20))
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '');
  if (names.length !== known.length)
    throw new SparseError('BAD_FILE', path, `${known.length} class names, one per line`, `${names.length} lines`);
  return names.map((name) => name.trim());
}
