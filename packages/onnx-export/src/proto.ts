/**
 * The messages of ONNX that this package writes, and their bytes. The schema is the official one (see onnx.proto); these interfaces name
 * the part of it that is used. Data is little-endian, as ONNX demands and every machine that runs this has it.
 */
import protobuf from 'protobufjs/light.js';
import { onnxSchema } from './onnx-schema.ts';

export interface TensorProto {
  readonly name: string;
  readonly dataType: number;
  readonly dims: readonly number[];
  readonly rawData: Uint8Array;
}

/** A number whose type follows from the field that holds it; `type` repeats it, as ONNX requires. */
export interface AttributeProto {
  readonly name: string;
  readonly type: number;
  readonly i?: number;
  readonly f?: number;
  readonly ints?: readonly number[];
}

export interface NodeProto {
  readonly name: string;
  readonly opType: string;
  readonly input: readonly string[];
  readonly output: readonly string[];
  readonly attribute: readonly AttributeProto[];
}

export interface ValueInfoProto {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly { readonly dimValue?: number; readonly dimParam?: string }[] };
    };
  };
}

export interface ModelProto {
  readonly irVersion: number;
  readonly opsetImport: readonly { readonly domain: string; readonly version: number }[];
  readonly producerName: string;
  readonly producerVersion: string;
  readonly graph: {
    readonly name: string;
    readonly node: readonly NodeProto[];
    readonly initializer: readonly TensorProto[];
    readonly input: readonly ValueInfoProto[];
    readonly output: readonly ValueInfoProto[];
  };
  readonly metadataProps: readonly { readonly key: string; readonly value: string }[];
}

const root = protobuf.Root.fromJSON(onnxSchema);
const modelType = root.lookupType('onnx.ModelProto');

/** Of a tensor's elements, by name: `FLOAT` 1, `INT64` 7, and so on. */
export const dataTypes: Readonly<Record<string, number>> = root.lookupEnum('onnx.TensorProto.DataType').values;
export const attributeTypes: Readonly<Record<string, number>> = root.lookupEnum('onnx.AttributeProto.AttributeType').values;

export function encodeModel(model: ModelProto): Uint8Array {
  const bytes = modelType.encode(model).finish();
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength); // in Node `bytes` is a Buffer, which prints and slices differently
}

/** The message as it stands in the bytes, with nothing promised about it. @throws Error when they are no such message */
export function decodeModel(bytes: Uint8Array): unknown {
  return modelType.decode(bytes);
}
