// Typed tensor contents (InferTensorContents) of a request, read straight into the bytes that the same tensor would have had raw. Few
// clients send them; they are accepted because the protocol says so. Memory is taken for elements that the message can hold, no more.

import { SparseError } from '@freetickets/sparse-core';
import protobuf from 'protobufjs';
import type { Datatype } from '../tensor.ts';

interface Kind {
  /** Field of InferTensorContents. */
  readonly field: string;
  readonly number: number;
  readonly size: number;
  /** How an element lies in a message: protobuf's wire type 0, 1, 5 or 2. */
  readonly wireType: number;
  /** Reads one element and stores it; false when the datatype cannot hold it. */
  store(view: DataView, offset: number, reader: protobuf.Reader): boolean;
}

/** Integers of 8, 16 and 32 bits, which share a field of 32 bits. */
const small = (field: string, number: number, size: 1 | 2 | 4, signed: boolean): Kind => {
  const [low, high] = signed ? [-(2 ** (8 * size - 1)), 2 ** (8 * size - 1) - 1] : [0, 2 ** (8 * size) - 1];
  const write = (view: DataView, offset: number, value: number) => {
    if (size === 1) view.setUint8(offset, value);
    else if (size === 2) view.setUint16(offset, value, true);
    else view.setUint32(offset, value, true);
  };
  return {
    field,
    number,
    size,
    wireType: 0,
    store(view, offset, reader) {
      const value = signed ? reader.int32() : reader.uint32();
      write(view, offset, value);
      return value >= low && value <= high;
    },
  };
};

type Write = (view: DataView, offset: number, reader: protobuf.Reader) => void;

/** A datatype that holds whatever its field can. */
const whole = (field: string, number: number, size: number, wireType: number, write: Write): Kind => ({
  field,
  number,
  size,
  wireType,
  store(view, offset, reader) {
    write(view, offset, reader);
    return true;
  },
});

const writeLong = (view: DataView, offset: number, { low, high }: { readonly low: number; readonly high: number }): void => {
  view.setInt32(offset, low, true);
  view.setInt32(offset + 4, high, true);
};

const kinds: Partial<Record<Datatype, Kind>> = {
  BOOL: whole('bool_contents', 1, 1, 0, (view, offset, reader) => view.setUint8(offset, reader.bool() ? 1 : 0)),
  INT8: small('int_contents', 2, 1, true),
  INT16: small('int_contents', 2, 2, true),
  INT32: small('int_contents', 2, 4, true),
  INT64: whole('int64_contents', 3, 8, 0, (view, offset, reader) => writeLong(view, offset, reader.int64())),
  UINT8: small('uint_contents', 4, 1, false),
  UINT16: small('uint_contents', 4, 2, false),
  UINT32: small('uint_contents', 4, 4, false),
  UINT64: whole('uint64_contents', 5, 8, 0, (view, offset, reader) => writeLong(view, offset, reader.uint64())),
  FP32: whole('fp32_contents', 6, 4, 5, (view, offset, reader) => view.setFloat32(offset, reader.float(), true)),
  FP64: whole('fp64_contents', 7, 8, 1, (view, offset, reader) => view.setFloat64(offset, reader.double(), true)),
};

/**
 * The raw bytes of a tensor that was sent as typed contents.
 *
 * @param contents  an encoded InferTensorContents
 * @param count     elements, as the tensor's shape says
 * @param at        the field, for messages
 * @throws SparseError SHAPE_MISMATCH for another number of elements; INVALID_ARGUMENT for contents of another datatype, or broken ones
 */
export function readContents(contents: Uint8Array, datatype: Datatype, count: number, at: string): Uint8Array {
  if (count > contents.length) throw new SparseError('SHAPE_MISMATCH', at, `${count} elements, as the shape says`, new Error('fewer'));
  if (datatype === 'BYTES') return readStrings(contents, count, at);
  const kind = kinds[datatype];
  if (kind === undefined) throw new SparseError('INVALID_ARGUMENT', at, `raw_input_contents for ${datatype}`, new Error('typed contents'));
  const bytes = new Uint8Array(count * kind.size);
  const view = new DataView(bytes.buffer);
  let read = 0;
  const one = (reader: protobuf.Reader) => {
    if (read === count) throw new SparseError('SHAPE_MISMATCH', at, `${count} elements, as the shape says`, new Error('more'));
    if (!kind.store(view, read * kind.size, reader)) {
      throw new SparseError(
        'INVALID_ARGUMENT',
        `${at}.${kind.field}[${read}]`,
        `a number that ${datatype} holds`,
        new Error('a larger one'),
      );
    }
    read++;
  };
  eachField(contents, kind.number, kind.field, datatype, at, (reader, wireType) => {
    if (wireType === kind.wireType) return one(reader);
    const end = reader.uint32() + reader.pos;
    if (wireType !== 2 || end > reader.len) throw broken(at);
    while (reader.pos < end) one(reader);
    if (reader.pos !== end) throw broken(at);
  });
  if (read !== count) throw new SparseError('SHAPE_MISMATCH', at, `${count} elements, as the shape says`, read);
  return bytes;
}

function readStrings(contents: Uint8Array, count: number, at: string): Uint8Array {
  const parts: Uint8Array[] = [];
  eachField(contents, 8, 'bytes_contents', 'BYTES', at, (reader, wireType) => {
    if (wireType !== 2) throw broken(at);
    const element = reader.bytes();
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, element.length, true);
    if (parts.push(length, element) > 2 * count) {
      throw new SparseError('SHAPE_MISMATCH', at, `${count} elements, as the shape says`, new Error('more'));
    }
  });
  if (parts.length !== 2 * count) throw new SparseError('SHAPE_MISMATCH', at, `${count} elements, as the shape says`, parts.length / 2);
  return Buffer.concat(parts);
}

type Visit = (reader: protobuf.Reader, wireType: number) => void;

/** Calls `visit` at each occurrence of one field, and refuses the others: contents have one datatype. */
function eachField(contents: Uint8Array, number: number, field: string, datatype: Datatype, at: string, visit: Visit): void {
  const reader = protobuf.Reader.create(contents);
  try {
    while (reader.pos < reader.len) {
      const tag = reader.uint32();
      if (tag >>> 3 !== number) throw new SparseError('INVALID_ARGUMENT', at, `${field} for ${datatype}`, new Error('other contents'));
      visit(reader, tag & 7);
    }
  } catch (error) {
    throw error instanceof RangeError ? broken(at) : error;
  }
}

const broken = (at: string): SparseError => new SparseError('INVALID_ARGUMENT', at, 'an InferTensorContents', new Error('broken bytes'));
