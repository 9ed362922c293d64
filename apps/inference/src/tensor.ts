// What a tensor is between the HTTP border and the model: a datatype by its protocol name, a shape, and a typed array in row-major order.
// The table below is the only place that knows how the protocol's names, onnxruntime's names and array classes belong together.

/** Element types by their Open Inference Protocol names. BYTES is text: one string per element. */
export type Datatype =
  | 'BOOL'
  | 'UINT8'
  | 'UINT16'
  | 'UINT32'
  | 'UINT64'
  | 'INT8'
  | 'INT16'
  | 'INT32'
  | 'INT64'
  | 'FP16'
  | 'FP32'
  | 'FP64'
  | 'BYTES';

/** Row-major elements. BOOL is a Uint8Array of 0 and 1; FP16 a Uint16Array of bit patterns; BYTES an array of strings. */
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
  | string[];

/** A value: `data` has exactly as many elements as the product of `shape`. */
export interface Tensor {
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/** An input or output as the model declares it; -1 in `shape` stands for a dimension that each request may choose. */
export interface TensorInfo {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  /** An output that is answered only when it is named or a parameter asks for it. */
  readonly onRequest?: true;
}

/** What a model takes and gives. */
export interface Signature {
  readonly inputs: readonly TensorInfo[];
  readonly outputs: readonly TensorInfo[];
}

const onnxTypes = {
  BOOL: 'bool',
  UINT8: 'uint8',
  UINT16: 'uint16',
  UINT32: 'uint32',
  UINT64: 'uint64',
  INT8: 'int8',
  INT16: 'int16',
  INT32: 'int32',
  INT64: 'int64',
  FP16: 'float16',
  FP32: 'float32',
  FP64: 'float64',
  BYTES: 'string',
} as const satisfies Record<Datatype, string>;

/** onnxruntime's name of an element type. */
export type OnnxType = (typeof onnxTypes)[Datatype];

export const toOnnxType = (datatype: Datatype): OnnxType => onnxTypes[datatype];

/** The protocol's name of an onnxruntime element type, or undefined when the protocol has none (4-bit integers). */
export function fromOnnxType(type: string): Datatype | undefined {
  return (Object.keys(onnxTypes) as Datatype[]).find((datatype) => onnxTypes[datatype] === type);
}

/** Number of elements of a shape. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, dimension) => product * dimension, 1);
