// Between a tensor's bytes on the wire and the typed array that models compute with. On the little-endian machines that Node runs
// on, the wire form of every numeric type is the memory of its typed array, so nothing is converted, only viewed.

import { isUtf8 } from 'node:buffer';
import { SparseError } from '@freetickets/sparse-core';
import { type Datatype, elementCount, type Tensor, type TensorData } from '../tensor.ts';
import type { RawTensor } from './raw-tensor.ts';

const views = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const;

/** Longest BYTES element. */
const maxElementBytes = 2 ** 24;

export const isDatatype = (name: unknown): name is Datatype => typeof name === 'string' && (name === 'BYTES' || Object.hasOwn(views, name));

/** Bytes of one element; undefined for BYTES, whose elements differ. */
export const elementBytes = (datatype: Datatype): number | undefined =>
  datatype === 'BYTES' ? undefined : views[datatype].BYTES_PER_ELEMENT;

/** The elements of a tensor: a view of its bytes where they are aligned, else a view of a copy. */
export function typedTensor({ datatype, shape, bytes }: RawTensor): Tensor {
  if (datatype === 'BYTES') return { datatype, shape, data: unpackStrings(bytes) };
  const View = views[datatype];
  const aligned = bytes.byteOffset % View.BYTES_PER_ELEMENT === 0 ? bytes : new Uint8Array(bytes); // a Buffer's own slice copies nothing
  return {
    datatype,
    shape,
    data: new View(aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / View.BYTES_PER_ELEMENT),
  };
}

/** The wire bytes of a tensor's elements; numbers are viewed, not copied. */
export const rawBytes = (data: TensorData): Uint8Array =>
  Array.isArray(data) ? packStrings(data) : new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * Checks that the bytes are what datatype and shape say, before anyone reads them.
 *
 * @param at  names the tensor in errors
 * @throws SparseError SHAPE_MISMATCH for a wrong number of bytes, INVALID_ARGUMENT for a BYTES element that is too long or no text
 */
export function checkBytes({ datatype, shape, bytes }: Omit<RawTensor, 'name'>, at: string): void {
  const count = elementCount(shape);
  const each = elementBytes(datatype);
  if (each !== undefined) {
    if (bytes.byteLength !== count * each)
      throw new SparseError('SHAPE_MISMATCH', at, `${count * each} bytes for ${count} elements of ${datatype}`, bytes.byteLength);
    return;
  }
  const offsets = elementOffsets(bytes, at);
  if (offsets.length !== count) throw new SparseError('SHAPE_MISMATCH', at, `${count} BYTES elements, as the shape says`, offsets.length);
  // A model's strings are text, and onnxruntime would cut one off at its first zero.
  for (const [i, offset] of offsets.entries()) {
    const text = bytes.subarray(offset + 4, offsets[i + 1] ?? bytes.byteLength);
    if (!isUtf8(text) || text.includes(0))
      throw new SparseError('INVALID_ARGUMENT', `${at}, element ${i}`, 'UTF-8 text without zero bytes', new Error('other bytes'));
  }
}

/** Where each BYTES element begins, behind its length. @throws SparseError where a length runs over the end */
export function elementOffsets(bytes: Uint8Array, at: string): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offsets: number[] = [];
  for (let offset = 0; offset < bytes.byteLength; ) {
    const length = bytes.byteLength - offset < 4 ? Number.POSITIVE_INFINITY : view.getUint32(offset, true);
    if (length > maxElementBytes && length < bytes.byteLength)
      throw new SparseError('INVALID_ARGUMENT', at, `BYTES elements of at most ${maxElementBytes} bytes`, length);
    if (offset + 4 + length > bytes.byteLength)
      throw new SparseError('INVALID_ARGUMENT', at, 'every BYTES element to end within the data', new Error('one that runs over its end'));
    offsets.push(offset);
    offset += 4 + length;
  }
  return offsets;
}

function packStrings(strings: readonly string[]): Uint8Array {
  const encoded = strings.map((text) => new TextEncoder().encode(text));
  const bytes = new Uint8Array(encoded.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const text of encoded) {
    view.setUint32(offset, text.length, true);
    bytes.set(text, offset + 4);
    offset += 4 + text.length;
  }
  return bytes;
}

function unpackStrings(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true }); // which keeps the mark, if there is one
  return elementOffsets(bytes, 'BYTES data').map((offset) =>
    decoder.decode(bytes.subarray(offset + 4, offset + 4 + view.getUint32(offset, true))),
  );
}
