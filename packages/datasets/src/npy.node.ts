/** .npy files: as a whole, or some rows of a large one. */
import { SparseError } from '@freetickets/sparse-core';
import { MAX_NPY_HEADER, type NpyArray, type NpyHeader, npyData, parseNpyHeader } from './npy.ts';
import { type OpenFile, openFile } from './open-file.node.ts';

/** Of one reading; a whole array is held in memory. */
const MAX_BYTES = 2_000_000_000;

/** Rows (entries of the first axis) from `from` up to, but without, `to`. */
export interface Rows {
  readonly from: number;
  readonly to: number;
}

/** What `rows` is told before it says which rows to read. */
export type ChooseRows = (header: NpyHeader) => Rows;

/**
 * @param rows chooses, once the header is known. Default: all. Only they are read
 * @returns numbers in row-major order; i8 as BigInt
 * @throws SparseError MISSING_FILE; BAD_FILE for other types than u1, i4, i8, f4, f8, for Fortran order, a length other than the header's, or
 *   more than 2 GB
 */
export async function readNpy(path: string, rows?: ChooseRows): Promise<NpyArray> {
  await using file = await openFile(path, 'a .npy file');
  const header = parseNpyHeader(await file.read(0, Math.min(MAX_NPY_HEADER, file.size)), path);
  checkLength(file, header, path);
  const [count = 1, ...rest] = header.shape;
  const { from, to } = rows?.(header) ?? { from: 0, to: count };
  if (!(from >= 0 && from <= to && to <= count)) throw new SparseError('INVALID_ARGUMENT', 'rows', `a part of 0 to ${count}`, { from, to });
  const rowBytes = rest.reduce((product, dimension) => product * dimension, header.bytes);
  if ((to - from) * rowBytes > MAX_BYTES) {
    throw new SparseError('BAD_FILE', path, `at most ${MAX_BYTES} bytes of numbers`, `${(to - from) * rowBytes} bytes`);
  }
  const shape = header.shape.length === 0 ? [] : [to - from, ...rest];
  return npyData(header.type, shape, await file.read(header.offset + from * rowBytes, (to - from) * rowBytes));
}

function checkLength(file: OpenFile, { size, bytes, offset, shape }: NpyHeader, path: string): void {
  const [expected, received] = [size * bytes, file.size - offset];
  if (received === expected) return;
  const hint = received < expected ? 'The file is cut short; fetch it again' : 'Something follows the data; fetch the file again';
  const what = `${expected} bytes of numbers for shape (${shape.join(', ')})`;
  throw new SparseError('BAD_FILE', `${path}: byte ${offset}`, what, `${received} bytes`, hint);
}
