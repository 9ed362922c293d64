/** What an ONNX file takes and gives, without running it: for any ONNX file, and in more detail for those that `toOnnx` wrote. */
import { SparseError } from '@freetickets/sparse-core';
import { type DecodedModel, type DecodedValue, decodeOnnx } from './decode-onnx.ts';
import { fromProperties, type TicketMetadata } from './metadata.ts';
import { dataTypes } from './proto.ts';
import { type References, referencesOf } from './references.ts';

export interface OnnxTensor {
  readonly name: string;
  /** Of its elements, in the words of ONNX but in lower case: `float`, `int64`, `uint8`; `unknown` for what is no tensor. */
  readonly type: string;
  /** A number, the name of a dynamic dimension, or null where nothing is known; absent when not even the rank is known. */
  readonly shape?: readonly (number | string | null)[];
}

export interface OnnxDescription extends References {
  readonly irVersion: number;
  /** Version of the standard operator set. */
  readonly opset: number;
  readonly producer: string;
  readonly producerVersion: string;
  readonly graph: string;
  /** What a caller has to give; constants that old files list as inputs are left out. */
  readonly inputs: readonly OnnxTensor[];
  readonly outputs: readonly OnnxTensor[];
  /** All metadata properties, as they stand in the file. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Absent for files of other producers. */
  readonly freetickets?: TicketMetadata;
}

/**
 * @param bytes of a whole `.onnx` file
 * @param at its path, for messages
 * @throws SparseError BAD_FILE when the bytes are no ONNX model, are cut off, or contradict themselves
 */
export function describeOnnx(bytes: Uint8Array, at: string): OnnxDescription {
  return describeModel(decodeOnnx(bytes, at), at);
}

/** The same of a file that was decoded already. */
export function describeModel(model: DecodedModel, at: string): OnnxDescription {
  const { graph } = model;
  const opset = model.opsetImport.find(({ domain }) => domain === '' || domain === 'ai.onnx');
  if (!graph || graph.output.length === 0 || !opset || Number(model.irVersion) < 1) {
    const missing = !graph || graph.output.length === 0 ? 'a graph with outputs' : 'an IR version and an operator set';
    throw new SparseError('BAD_FILE', at, `an ONNX model with ${missing}`, new Error('one without'), 'The file may be cut off');
  }
  const constants = new Set(graph.initializer.map(({ name }) => name));
  const metadata = Object.fromEntries(model.metadataProps.map(({ key, value }) => [key, value]));
  return {
    irVersion: Number(model.irVersion),
    opset: Number(opset.version),
    producer: model.producerName,
    producerVersion: model.producerVersion,
    graph: graph.name,
    inputs: graph.input.filter(({ name }) => !constants.has(name)).map(tensorOf),
    outputs: graph.output.map(tensorOf),
    metadata,
    ...referencesOf(model),
    ...(model.producerName === 'freetickets' ? { freetickets: fromProperties(metadata, at) } : {}),
  };
}

function tensorOf({ name, type }: DecodedValue): OnnxTensor {
  const tensor = type?.tensorType;
  if (!tensor) return { name, type: 'unknown' };
  const element =
    Object.keys(dataTypes)
      .find((key) => dataTypes[key] === tensor.elemType)
      ?.toLowerCase() ?? 'unknown';
  if (!tensor.shape) return { name, type: element };
  const shape = tensor.shape.dim.map((dim) => {
    if (Object.hasOwn(dim, 'dimValue')) return Number(dim.dimValue);
    return dim.dimParam || null;
  });
  return { name, type: element, shape };
}
