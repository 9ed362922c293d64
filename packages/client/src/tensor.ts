/** Tensors as this client takes and gives them, and the one table of what the protocol calls their elements. */
import { SparseError } from '@freetickets/sparse-core';

export type TensorData =
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Float32Array
  | Float64Array
  | readonly string[];

/** `data` in row-major order, as many elements as the product of `shape`. */
export interface Tensor {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** BOOL: a Uint8Array of 0 and 1; FP16 and BF16: a Uint16Array of bit patterns; BYTES: texts. */
  readonly data: TensorData;
}

/** A tensor to send. Its datatype is that of its array where it is not given: FP32 for a Float32Array, UINT8 for a Uint8Array. */
export type InputTensor = Omit<Tensor, 'datatype'> & { readonly datatype?: Datatype };

const ARRAYS = {
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
  BF16: Uint16Array,
  FP32: Float32Array,
  FP64: Float64Array,
} as const;

type Numeric = keyof typeof ARRAYS;
export type Datatype = Numeric | 'BYTES';
type NumericData = Exclude<TensorData, readonly string[]>;

const isNumeric = (datatype: string): datatype is Numeric => Object.hasOwn(ARRAYS, datatype);

/** @throws SparseError INVALID_ARGUMENT or SHAPE_MISMATCH for data that do not fit the datatype or the shape */
export function checkedTensor(name: string, { datatype, shape, data }: InputTensor): Tensor {
  const known = datatype ?? datatypeOf(data);
  if (known === undefined || !(known === 'BYTES' ? Array.isArray(data) : isNumeric(known) && data instanceof ARRAYS[known]))
    throw new SparseError(
      'INVALID_ARGUMENT',
      `inputs.${name}`,
      datatype ? `data for ${datatype}` : 'a typed array or texts',
      data.constructor?.name,
    );
  const size = shape.reduce((a, b) => a * b, 1);
  if (size !== data.length)
    throw new SparseError('SHAPE_MISMATCH', `inputs.${name}`, `${size} elements for shape [${shape.join(', ')}]`, data.length);
  return { datatype: known, shape, data };
}

/** The first of the table whose array it is, BOOL aside. */
const datatypeOf = (data: TensorData): Datatype | undefined =>
  Array.isArray(data) ? 'BYTES' : (Object.keys(ARRAYS) as Numeric[]).find((name) => name !== 'BOOL' && data instanceof ARRAYS[name]);

/** As the binary tensor extension has them: little-endian, row-major; texts in UTF-8, each behind its length in 32 bits. */
export function toBytes({ data }: Tensor): Uint8Array {
  if (!Array.isArray(data)) {
    const numbers = data as NumericData;
    return new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  }
  const texts = data.map((text: string) => new TextEncoder().encode(text));
  const bytes = new Uint8Array(texts.reduce((sum, { length }) => sum + 4 + length, 0));
  const view = new DataView(bytes.buffer);
  let offset = 0;
  for (const text of texts) {
    view.setUint32(offset, text.length, true);
    bytes.set(text, offset + 4);
    offset += 4 + text.length;
  }
  return bytes;
}

/** @throws SparseError BAD_FILE when the bytes are none of that datatype */
export function fromBytes(name: string, datatype: string, bytes: Uint8Array): TensorData {
  if (datatype === 'BYTES') return textsIn(name, bytes);
  const make = isNumeric(datatype) ? ARRAYS[datatype] : undefined;
  if (!make || bytes.byteLength % make.BYTES_PER_ELEMENT !== 0)
    throw new SparseError(
      'BAD_FILE',
      `output ${name}`,
      `whole elements of a datatype that is known`,
      `${bytes.byteLength} bytes of ${datatype}`,
    );
  return new make(bytes.slice().buffer); // a copy: the bytes need not be aligned
}

function textsIn(name: string, bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const start = offset + 4;
    const end = start <= bytes.length ? start + view.getUint32(offset, true) : Number.POSITIVE_INFINITY;
    if (end > bytes.length)
      throw new SparseError('BAD_FILE', `output ${name}`, 'texts, each behind its length', `${bytes.length} bytes that end early`);
    texts.push(new TextDecoder().decode(bytes.subarray(start, end)));
    offset = end;
  }
  return texts;
}

/** Of numbers and booleans in JSON; 64-bit integers beyond 2^53 have lost digits on the way, which binary tensors have not. */
export function fromJson(name: string, datatype: string, data: readonly (number | boolean | string)[]): TensorData {
  if (datatype === 'BYTES') return data.map(String);
  if (datatype === 'INT64') return BigInt64Array.from(data, (value) => BigInt(value));
  if (datatype === 'UINT64') return BigUint64Array.from(data, (value) => BigInt(value));
  if (!isNumeric(datatype)) throw new SparseError('BAD_FILE', `output ${name}`, 'a datatype that is known', datatype);
  return (ARRAYS[datatype] as Float32ArrayConstructor).from(data, Number);
}

/** Elements as JSON has them. @throws SparseError INVALID_ARGUMENT for those that it cannot carry */
export function toJson(name: string, { datatype, data }: Tensor): (number | boolean | string)[] {
  if (datatype === 'FP16' || datatype === 'BF16')
    throw new SparseError('INVALID_ARGUMENT', `inputs.${name}`, 'a binary request, because JSON has no such numbers', datatype);
  if (datatype === 'BOOL') return Array.from(data as Uint8Array, (value) => value !== 0);
  return Array.from(data as ArrayLike<number | bigint | string>, (value) => {
    if (typeof value === 'string') return value;
    const number = Number(value);
    if (typeof value === 'bigint' ? Number.isSafeInteger(number) : Number.isFinite(number)) return number;
    throw new SparseError('INVALID_ARGUMENT', `inputs.${name}`, 'numbers that JSON can carry', value, 'Send them as binary tensors');
  });
}
