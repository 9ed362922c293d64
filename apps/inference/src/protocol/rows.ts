// Cutting tensors along the batch dimension, the first, and putting them together again. Rows are contiguous, so a cut is a view.

import { type Datatype, elementCount } from '../tensor.ts';
import { elementBytes, elementOffsets } from './bytes.ts';
import type { RawTensor } from './raw-tensor.ts';

/** Rows `[from, from + count)` of a tensor, as a view. */
export function sliceRows(tensor: RawTensor, from: number, count: number): RawTensor {
  const { datatype, shape, bytes } = tensor;
  const [rows = 0, ...rest] = shape;
  if (from === 0 && count === rows) return tensor;
  const each = elementCount(rest);
  const start = byteOffset(datatype, bytes, from * each);
  const end = byteOffset(datatype, bytes, (from + count) * each);
  return { ...tensor, shape: [count, ...rest], bytes: bytes.subarray(start, end) };
}

/** Tensors of one name and equal rows, one below the other. */
export function joinRows(parts: readonly RawTensor[]): RawTensor {
  const [first] = parts;
  if (parts.length === 1) return first!;
  const rows = parts.reduce((sum, { shape }) => sum + shape[0]!, 0);
  return { ...first!, shape: [rows, ...first!.shape.slice(1)], bytes: Buffer.concat(parts.map(({ bytes }) => bytes)) };
}

function byteOffset(datatype: Datatype, bytes: Uint8Array, element: number): number {
  const each = elementBytes(datatype);
  return each === undefined ? (elementOffsets(bytes, datatype)[element] ?? bytes.byteLength) : element * each;
}
