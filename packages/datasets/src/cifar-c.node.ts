/** The published CIFAR-10-C and CIFAR-100-C: one .npy file per corruption with five severities one after the other, and one of labels. */
import { join } from 'node:path';
import { type CorruptionName, corruptionNames, SparseError } from '@freetickets/sparse-core';
import { type Cell, checkCell } from './corruptions/names.ts';
import type { Dataset, Samples } from './dataset.ts';
import { exists } from './exists.node.ts';
import { hwcToChw } from './hwc-to-chw.ts';
import type { ChooseRows } from './npy.node.ts';
import { readNpy } from './npy.node.ts';
import { sharedBytes } from './shared-bytes.ts';

const SIDE = 32;
const PIXELS = 3 * SIDE * SIDE;

export interface CifarCOptions extends Cell {
  /** Whose classes the labels count: CIFAR-10 or CIFAR-100. */
  readonly dataset: Pick<Dataset, 'classes'>;
}

/**
 * One of the 19 x 5 cells, in file order: pictures 3 x 32 x 32 and their labels. Only this severity's part of the file is read (31 MB).
 *
 * @param folder the one with `fog.npy`, `labels.npy` and so on
 * @throws SparseError INVALID_ARGUMENT for an unknown corruption or severity; MISSING_FILE; BAD_FILE for files of another kind or length
 */
export async function cifarC(folder: string, { dataset, corruption, severity }: CifarCOptions): Promise<Samples> {
  const cell = checkCell({ corruption, severity });
  const path = join(folder, `${cell.corruption}.npy`);
  if (!(await exists(path))) {
    const there = await corruptionsIn(folder);
    const received = there.length === 0 ? 'no corruption at all' : `only ${there.join(', ')}`;
    throw new SparseError('MISSING_FILE', folder, `a folder of CIFAR-10-C or CIFAR-100-C with ${cell.corruption}.npy`, received);
  }
  const pictures = await readNpy(path, (header) => {
    const [height, width, channels] = header.shape.slice(1);
    if (header.type === 'u1' && header.shape.length === 4 && height === SIDE && width === SIDE && channels === 3) {
      return partOf(path, cell.severity)(header);
    }
    throw new SparseError('BAD_FILE', path, 'bytes of shape (N, 32, 32, 3)', `${header.type} of shape (${header.shape.join(', ')})`);
  });
  const size = pictures.shape[0]!;
  const images = sharedBytes(size * PIXELS);
  hwcToChw(pictures.data as Uint8Array, images, 3, SIDE * SIDE);
  return { size, images, labels: await readLabels(folder, cell.severity, size, dataset.classes.length) };
}

/** The corruptions whose files lie in a folder, in the field's order. */
export async function corruptionsIn(folder: string): Promise<CorruptionName[]> {
  const there = await Promise.all(corruptionNames.map((name) => exists(join(folder, `${name}.npy`))));
  return corruptionNames.filter((_, i) => there[i]);
}

/** A fifth of the rows. */
const partOf =
  (path: string, severity: number): ChooseRows =>
  ({ shape }) => {
    const rows = shape[0] ?? 0;
    if (rows === 0 || rows % 5 !== 0) throw new SparseError('BAD_FILE', path, 'five severities of equal length', `${rows} rows`);
    return { from: ((severity - 1) * rows) / 5, to: (severity * rows) / 5 };
  };

async function readLabels(folder: string, severity: number, size: number, classes: number): Promise<Int32Array> {
  const path = join(folder, 'labels.npy');
  const { data, shape } = await readNpy(path, partOf(path, severity));
  if (shape.length !== 1 || data.length !== size) {
    throw new SparseError('BAD_FILE', path, `${size} labels for each severity, one per picture`, `shape (${shape.join(', ')})`);
  }
  const labels = Int32Array.from({ length: size }, (_, i) => Number(data[i]));
  const wrong = labels.findIndex((label, i) => label < 0 || label >= classes || label !== Number(data[i]));
  if (wrong === -1) return labels;
  const at = `${path}: label ${(severity - 1) * size + wrong}`;
  throw new SparseError(
    'BAD_FILE',
    at,
    `a class from 0 to ${classes - 1}`,
    Number(data[wrong]),
    'Are these the labels of the other CIFAR?',
  );
}
