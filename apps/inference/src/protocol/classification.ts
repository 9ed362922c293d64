// The classification extension: instead of the numbers, the best k of each row as text `value:index[:label]`.

import { SparseError } from '@freetickets/sparse-core';
import { elementCount, type TensorData } from '../tensor.ts';
import { rawBytes, typedTensor } from './bytes.ts';
import type { RawTensor } from './raw-tensor.ts';

/**
 * @param batched  whether the first dimension counts rows; otherwise the whole tensor is one row
 * @param labels   by index; an index without one goes without
 * @returns BYTES of shape [rows, k], or [k] without a batch dimension; fewer than k where there are fewer classes
 * @throws SparseError INVALID_ARGUMENT for a tensor of text
 */
export function classify(tensor: RawTensor, k: number, batched: boolean, labels: readonly string[] = []): RawTensor {
  const { name, datatype, shape } = tensor;
  if (datatype === 'BYTES' || datatype === 'FP16')
    throw new SparseError('INVALID_ARGUMENT', `output '${name}'`, 'numbers to classify', datatype);
  const { data } = typedTensor(tensor);
  const rows = batched ? shape[0]! : 1;
  const classes = elementCount(batched ? shape.slice(1) : shape);
  const best = Math.min(k, classes);
  const texts = Array.from({ length: rows }, (_, row) => bestOf(data, row * classes, classes, best, labels)).flat();
  return { name, datatype: 'BYTES', shape: batched ? [rows, best] : [best], bytes: rawBytes(texts) };
}

function bestOf(data: TensorData, start: number, count: number, k: number, labels: readonly string[]): string[] {
  const value = (index: number): number => Number(data[start + index]);
  const order = Array.from({ length: count }, (_, index) => index).sort((a, b) => value(b) - value(a) || a - b);
  return order.slice(0, k).map((index) => {
    const label = labels[index];
    return `${value(index).toFixed(6)}:${index}${label === undefined ? '' : `:${label}`}`;
  });
}
