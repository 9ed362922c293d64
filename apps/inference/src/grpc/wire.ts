// What the decoder of schema.ts gives for the messages of inference, named as in inference.proto. A scalar that was not sent has its
// default; `parameter_choice` names the one member of a parameter that was sent.

import { SparseError } from '@freetickets/sparse-core';

/** A 64-bit integer as the decoder gives it. */
export type Int64 = number | { toNumber(): number };

export interface WireParameter {
  readonly parameter_choice?:
    | 'bool_param'
    | 'int64_param'
    | 'string_param'
    | 'double_param'
    | 'uint32_param'
    | 'uint64_param'
    | 'bytes_param';
  readonly bool_param: boolean;
  readonly int64_param: Int64;
  readonly uint32_param: number;
  readonly uint64_param: Int64;
  readonly double_param: number;
  readonly string_param: string;
  readonly bytes_param: Uint8Array;
}

export type WireParameters = Readonly<Record<string, WireParameter>>;

export interface WireInput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly Int64[];
  readonly parameters: WireParameters;
  /** An InferTensorContents that is not decoded yet; empty where the tensor is raw. */
  readonly contents: Uint8Array;
}

export interface WireInferRequest {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: WireParameters;
  readonly inputs: readonly WireInput[];
  readonly outputs: readonly { readonly name: string; readonly parameters: WireParameters }[];
  readonly raw_input_contents: readonly Uint8Array[];
}

/** A 64-bit integer as a number. @throws SparseError INVALID_ARGUMENT for one that a number cannot hold exactly */
export function toNumber(value: Int64, at: string): number {
  const number = typeof value === 'number' ? value : value.toNumber();
  if (!Number.isSafeInteger(number)) throw new SparseError('INVALID_ARGUMENT', at, 'a whole number within plus or minus 2^53 - 1', number);
  return number;
}

/** The value of a parameter. @throws SparseError INVALID_ARGUMENT for one without a value, or that a number cannot hold */
export function parameterValue(parameter: WireParameter, at: string): string | number | boolean | Uint8Array {
  const { parameter_choice: kind } = parameter;
  if (kind === undefined) throw new SparseError('INVALID_ARGUMENT', at, 'a value', undefined);
  const value = parameter[kind];
  return typeof value === 'object' && !(value instanceof Uint8Array) ? toNumber(value, at) : value;
}
