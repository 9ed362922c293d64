/**
 * The header of numpy's .npy files, versions 1 to 3: magic, version, length, and a Python dictionary of type, order and shape. It is read
 * by a pattern, never evaluated; what follows it is plain numbers. Bytes are written, too.
 */
import { SparseError } from '@freetickets/sparse-core';

interface DataOf {
  readonly u1: Uint8Array;
  readonly i4: Int32Array;
  readonly i8: BigInt64Array;
  readonly f4: Float32Array;
  readonly f8: Float64Array;
}

export type NpyType = keyof DataOf;

export interface NpyHeader {
  readonly type: NpyType;
  readonly shape: readonly number[];
  /** Elements: the product of the shape, 1 for a scalar. */
  readonly size: number;
  /** Of one element. */
  readonly bytes: number;
  /** Where the numbers begin in the file. */
  readonly offset: number;
}

/** Row-major. */
export type NpyArray = { [T in NpyType]: { readonly type: T; readonly shape: readonly number[]; readonly data: DataOf[T] } }[NpyType];

const BYTES: Readonly<Record<NpyType, number>> = { u1: 1, i4: 4, i8: 8, f4: 4, f8: 8 };
/** Longer than any header that describes numbers; keeps a damaged length from asking for gigabytes. */
export const MAX_NPY_HEADER = 2 ** 16;

/**
 * @param bytes the beginning of the file, at least MAX_NPY_HEADER bytes of it if it has so many
 * @param at the file's name, for messages
 * @throws SparseError BAD_FILE for anything but numbers of type u1, i4, i8, f4, f8 (little-endian) in C order
 */
export function parseNpyHeader(bytes: Uint8Array, at: string): NpyHeader {
  const { text, end } = headerText(bytes, at);
  const entry = (key: string, pattern: string) => {
    const found = new RegExp(`['"]${key}['"]\\s*:\\s*${pattern}`).exec(text)?.[1];
    if (found === undefined) throw new SparseError('BAD_FILE', `${at}: byte 10`, `a header that says ${key}`, text.trim());
    return found;
  };
  const shape = entry('shape', '\\(([\\d\\s,L]*)\\)')
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => Number.parseInt(part, 10));
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  if (!Number.isSafeInteger(8 * size)) throw new SparseError('BAD_FILE', `${at}: shape`, 'a size that can be counted', shape);
  if (entry('fortran_order', '(True|False)') === 'True') {
    throw new SparseError('BAD_FILE', `${at}: fortran_order`, 'C order (False)', 'True', 'Save it again with numpy.ascontiguousarray');
  }
  const type = typeOf(entry('descr', '(\'[^\']*\'|"[^"]*"|\\[)'), at);
  return { type, shape, size, bytes: BYTES[type], offset: end };
}

function headerText(bytes: Uint8Array, at: string): { text: string; end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || view.getUint32(0) !== 0x934e554d || view.getUint16(4) !== 0x5059) {
    const first = Array.from(bytes.subarray(0, 6), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
    throw new SparseError('BAD_FILE', `${at}: byte 0`, 'the .npy magic 93 4e 55 4d 50 59', first, 'Is this a file of numpy.save?');
  }
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw new SparseError('BAD_FILE', `${at}: byte 6`, 'a .npy version from 1 to 3', version);
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > MAX_NPY_HEADER - start || start + length > bytes.length) {
    const most = Math.min(MAX_NPY_HEADER, bytes.length) - start;
    throw new SparseError('BAD_FILE', `${at}: byte 8`, `a header of at most ${most} bytes`, length, 'The file is damaged or cut short');
  }
  return { text: new TextDecoder().decode(bytes.subarray(start, start + length)), end: start + length };
}

function typeOf(quoted: string, at: string): NpyType {
  const name = quoted.slice(1, -1);
  const found = (Object.keys(BYTES) as NpyType[]).find((type) => name === `<${type}` || (type === 'u1' && name === '|u1'));
  if (found) return found;
  const hint = name.startsWith('>') ? "Save it again in little-endian order, with astype('<...')" : 'Convert it with astype';
  throw new SparseError('BAD_FILE', `${at}: descr`, 'one of |u1, <i4, <i8, <f4, <f8', quoted === '[' ? 'a structure' : name, hint);
}

/** Numbers of a header's type from raw bytes, which need not lie at a multiple of their size. */
export function npyData(type: NpyType, shape: readonly number[], bytes: Uint8Array): NpyArray {
  const aligned = () => new Uint8Array(bytes).buffer;
  switch (type) {
    case 'u1':
      return { type, shape, data: bytes };
    case 'i4':
      return { type, shape, data: new Int32Array(aligned()) };
    case 'i8':
      return { type, shape, data: new BigInt64Array(aligned()) };
    case 'f4':
      return { type, shape, data: new Float32Array(aligned()) };
    case 'f8':
      return { type, shape, data: new Float64Array(aligned()) };
  }
}

/** A whole file of bytes, type u1, version 1.0; the numbers begin at a multiple of 64 bytes, as numpy's do. */
export function npyBytes(shape: readonly number[], data: Uint8Array): Uint8Array {
  const text = `{'descr': '|u1', 'fortran_order': False, 'shape': (${shape.join(', ')}${shape.length === 1 ? ',' : ''}), }`;
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + length + data.length);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, length & 0xff, length >> 8]);
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), 10);
  bytes.set(data, 10 + length);
  return bytes;
}
