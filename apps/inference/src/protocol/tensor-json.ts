// Tensor elements as JSON: reading `data` of a request into a typed array, writing a typed array as `data` of a response.
// Nothing is rounded or wrapped in silence: a number that its datatype cannot hold is refused, and so is NaN on the way out.

import { SparseError } from '@freetickets/sparse-core';
import { type Datatype, elementCount, type Tensor, type TensorData } from '../tensor.ts';

const arrays = {
  BOOL: Uint8Array,
  UINT8: Uint8Array,
  UINT16: Uint16Array,
  UINT32: Uint32Array,
  UINT64: BigUint64Array,
  INT8: Int8Array,
  INT16: Int16Array,
  INT32: Int32Array,
  INT64: BigInt64Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const;

/** FP16 has no JSON form in the protocol: it travels as raw bytes only. */
export const hasJsonForm = (datatype: Datatype): boolean => datatype === 'BYTES' || datatype in arrays;

/**
 * The `data` of a request's input, flat or nested as its shape says.
 *
 * @param at  JSON pointer to `data`, for messages
 * @throws SparseError SHAPE_MISMATCH for a wrong number of elements, INVALID_ARGUMENT for an element that the datatype cannot hold
 */
export function readData(value: unknown, datatype: Datatype, shape: readonly number[], at: string): TensorData {
  // Lengths first: memory is taken for elements that are there, never for a shape that only claims them.
  const rows = leaves(value, shape, at);
  const read = reader(datatype, elementCount(shape));
  let index = 0;
  for (const row of rows) {
    for (let i = 0; i < row.items.length; i++) {
      const element = row.items[i];
      if (!read.store(index++, element)) throw new SparseError('INVALID_ARGUMENT', `${row.at}/${i}`, read.expected, element);
    }
  }
  return read.data;
}

/** A tensor's elements as a flat JSON array. @throws SparseError NON_FINITE, because JSON has neither NaN nor Infinity */
export function writeData(name: string, { datatype, data }: Tensor): string {
  if (datatype === 'BYTES') return JSON.stringify(data);
  if (datatype === 'BOOL') return `[${Array.from(data as Uint8Array, (flag) => flag !== 0).join(',')}]`;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    const bad = data.findIndex((element) => !Number.isFinite(element));
    if (bad >= 0) throw new SparseError('NON_FINITE', `output '${name}', element ${bad}`, 'a finite number (JSON has no other)', data[bad]);
  }
  // The decimal text of a finite number is JSON already, and of a 64-bit integer it keeps every digit.
  return `[${data.join(',')}]`;
}

/** An innermost array of `data`, and the JSON pointer to it. */
interface Leaf {
  readonly at: string;
  readonly items: readonly unknown[];
}

/** The innermost arrays of `value` in order, every length checked; flat data is one such array. */
function leaves(value: unknown, shape: readonly number[], at: string): readonly Leaf[] {
  const nested = shape.length > 1 && Array.isArray(value) && Array.isArray(value[0]);
  return nested ? nestedLeaves(value, shape, at) : [{ at, items: checkedItems(value, elementCount(shape), at) }];
}

/** Goes as deep as the shape has dimensions, so deeper nesting in a request cannot exhaust the stack. */
function nestedLeaves(value: unknown, shape: readonly number[], at: string): readonly Leaf[] {
  const [length = 0, ...rest] = shape;
  const items = checkedItems(value, length, at);
  return rest.length === 0 ? [{ at, items }] : items.flatMap((item, i) => nestedLeaves(item, rest, `${at}/${i}`));
}

function checkedItems(value: unknown, count: number, at: string): readonly unknown[] {
  if (!Array.isArray(value)) throw new SparseError('INVALID_ARGUMENT', at, 'an array', value);
  if (value.length !== count) throw new SparseError('SHAPE_MISMATCH', at, `${count} items, as the shape says`, value.length);
  return value;
}

interface Reader {
  readonly data: TensorData;
  readonly expected: string;
  /** Stores one element; false when the datatype cannot hold it. */
  store(index: number, element: unknown): boolean;
}

function reader(datatype: Datatype, count: number): Reader {
  if (datatype === 'BYTES') {
    const data = new Array<string>(count);
    return { data, expected: 'a string', store: (i, element) => typeof element === 'string' && set(data, i, element) };
  }
  if (datatype === 'FP16') throw new SparseError('INVALID_ARGUMENT', 'datatype', 'one that JSON can carry', datatype);
  if (datatype === 'BOOL') {
    const data = new Uint8Array(count);
    return { data, expected: 'true or false', store: (i, element) => typeof element === 'boolean' && set(data, i, element ? 1 : 0) };
  }
  const data = new arrays[datatype](count);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    // A larger JSON number has lost digits before anyone here could see it.
    const store = (i: number, element: unknown) =>
      Number.isSafeInteger(element) && set(data, i, BigInt(element as number)) && data[i] === BigInt(element as number);
    return { data, expected: `a whole number that ${datatype} holds, within plus or minus 2^53 - 1 in JSON`, store };
  }
  if (data instanceof Float32Array || data instanceof Float64Array) {
    const store = (i: number, element: unknown) => typeof element === 'number' && set(data, i, element) && Number.isFinite(data[i]);
    return { data, expected: `a number that ${datatype} holds`, store };
  }
  const store = (i: number, element: unknown) => typeof element === 'number' && set(data, i, element) && data[i] === element;
  return { data, expected: `a whole number that ${datatype} holds`, store };
}

function set<T>(data: { [index: number]: T }, index: number, element: T): true {
  data[index] = element;
  return true;
}
