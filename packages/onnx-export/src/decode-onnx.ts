/** The bytes of an ONNX file as a message, of which nothing but its form is known yet. */
import { SparseError } from '@freetickets/sparse-core';
import { decodeModel } from './proto.ts';
import type { ReferringModel } from './references.ts';

/** The decoder's view of a model: 64-bit integers are objects, and a field that is not in the file has its default on the prototype. */
export interface DecodedModel extends ReferringModel {
  readonly irVersion: unknown;
  readonly opsetImport: readonly { readonly domain: string; readonly version: unknown }[];
  readonly producerName: string;
  readonly producerVersion: string;
  readonly graph?: (DecodedGraph & ReferringModel['graph']) | null;
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
}

export interface DecodedGraph {
  readonly name: string;
  readonly node: readonly unknown[];
  readonly initializer: readonly Constant[];
  readonly input: readonly DecodedValue[];
  readonly output: readonly DecodedValue[];
}

/** `rawData` is a view into the file's bytes. */
export interface Constant {
  readonly name: string;
  readonly dataType: number;
  readonly rawData: Uint8Array;
}

export interface DecodedValue {
  readonly name: string;
  readonly type?: {
    readonly tensorType?: {
      readonly elemType: number;
      readonly shape?: { readonly dim: readonly { dimValue?: unknown; dimParam?: string }[] } | null;
    } | null;
  } | null;
}

/** @throws SparseError BAD_FILE when the bytes are no ONNX model, or are cut off */
export function decodeOnnx(bytes: Uint8Array, at: string): DecodedModel {
  try {
    return decodeModel(bytes) as DecodedModel;
  } catch (error) {
    const hint = 'It is no ONNX file, or it is cut off';
    throw new SparseError('BAD_FILE', at, 'an ONNX model', `${bytes.length} bytes that are none (${(error as Error).message})`, hint, {
      cause: error,
    });
  }
}
