/**
 * The IDX format of MNIST: two zero bytes, an element type (8: unsigned byte), the number of dimensions, then each dimension as a
 * big-endian 32-bit number, then the elements, row-major. Reading trusts nothing but the bytes that are there.
 */
import { SparseError } from '@freetickets/sparse-core';

export interface Idx {
  readonly shape: readonly number[];
  /** A view of the file's bytes. */
  readonly data: Uint8Array;
}

/**
 * @param dimensions how many there must be: 3 for images, 1 for labels
 * @param at the file's name, for messages
 * @throws SparseError BAD_FILE for a wrong magic number, and when the length is not exactly what the header says
 */
export function parseIdx(bytes: Uint8Array, dimensions: number, at: string): Idx {
  const headerBytes = 4 + 4 * dimensions;
  if (bytes.length < headerBytes) {
    throw new SparseError('BAD_FILE', at, `an IDX header of ${headerBytes} bytes`, `${bytes.length} bytes`, 'The file is cut short');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = view.getUint32(0);
  const expected = 0x0800 + dimensions;
  if (magic !== expected) {
    const hint =
      magic === 0x0801
        ? 'This is a file of labels'
        : magic === 0x0803
          ? 'This is a file of images'
          : 'Is this an IDX file of unsigned bytes?';
    throw new SparseError('BAD_FILE', at, `the IDX magic number ${hex(expected)}`, hex(magic), hint);
  }
  const shape = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const size = shape.reduce((product, dimension) => product * dimension, 1);
  const received = bytes.length - headerBytes;
  if (received !== size) {
    throw new SparseError(
      'BAD_FILE',
      at,
      `${size} bytes after the header, for ${shape.join(' x ')}`,
      `${received} bytes`,
      received < size ? 'The file is cut short; fetch it again' : 'Something follows the data; fetch the file again',
    );
  }
  return { shape, data: bytes.subarray(headerBytes) };
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
