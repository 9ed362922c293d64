// The messages and services of protos/, read once when the server starts. Bytes fields of a decoded request are views of the received
// message, so that a tensor is not copied on its way in.

import { readFileSync } from 'node:fs';
import { SparseError } from '@freetickets/sparse-core';
import protobuf from 'protobufjs';

const files = ['model_config', 'inference', 'health'];

function load(): protobuf.Root {
  const root = new protobuf.Root();
  for (const file of files) {
    const text = readFileSync(new URL(`../../protos/${file}.proto`, import.meta.url), 'utf8');
    protobuf.parse(text, root, { keepCase: true });
  }
  // Kept as bytes: contents.ts reads them into the typed array that shape and datatype ask for. Decoded here, one byte of a request could
  // become an object of 40.
  const input = root.lookupType('inference.ModelInferRequest.InferInputTensor');
  input.remove(input.get('contents')!);
  input.add(new protobuf.Field('contents', 5, 'bytes'));
  root.resolveAll();
  return root;
}

const root = load();

/** A message type by its full name, for example `inference.ModelInferRequest`. */
export const messageType = (name: string): protobuf.Type => root.lookupType(name);

/** A service by its full name, for example `inference.GRPCInferenceService`. */
export const serviceType = (name: string): protobuf.Service => root.lookupService(name);

/** A received message as an object. @throws SparseError INVALID_ARGUMENT for bytes that are no such message */
export function decode<T>(type: protobuf.Type, bytes: Uint8Array): T {
  try {
    return type.decode(bytes) as unknown as T;
  } catch (error) {
    throw notThatMessage(type, error as Error);
  }
}

/** The error for bytes that a decoder refused. */
export const notThatMessage = (type: protobuf.Type, cause: Error): SparseError =>
  new SparseError('INVALID_ARGUMENT', 'request', `a ${type.name} message`, new Error('broken bytes'), '', { cause });
