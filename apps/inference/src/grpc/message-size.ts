// A look at an inference request before it is decoded: everything besides tensor data has to be small, because a byte of it may become
// an object of fifty.

import { SparseError } from '@freetickets/sparse-core';
import protobuf from 'protobufjs';

/** Names, shapes and parameters of one request. */
const maxHeaderBytes = 2 ** 20;
/** Numbers of the fields in inference.proto. */
const fields = { inputs: 5, contents: 5, rawInputContents: 7 };
const lengthDelimited = 2;

/** @throws SparseError INVALID_ARGUMENT for a message that holds too much besides tensors, an Error of the reader's for a broken one */
export function checkHeaderSize(message: Uint8Array): void {
  const data = lengthOf(message, 0, message.length, (field, start, end) => {
    if (field === fields.rawInputContents) return end - start;
    if (field !== fields.inputs) return 0;
    return lengthOf(message, start, end, (inner, from, to) => (inner === fields.contents ? to - from : 0));
  });
  if (message.length - data > maxHeaderBytes) {
    throw new SparseError('INVALID_ARGUMENT', 'request', `at most ${maxHeaderBytes} bytes besides tensors`, message.length - data);
  }
}

/** The sum of what `measure` says of each length-delimited field between two positions. */
function lengthOf(message: Uint8Array, start: number, end: number, measure: (field: number, start: number, end: number) => number): number {
  const reader = protobuf.Reader.create(message.subarray(start, end));
  let sum = 0;
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    if ((tag & 7) !== lengthDelimited) {
      reader.skipType(tag & 7);
      continue;
    }
    const length = reader.uint32();
    sum += measure(tag >>> 3, start + reader.pos, start + reader.pos + length);
    reader.skip(length);
  }
  return sum;
}
