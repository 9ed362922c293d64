// Inference requests and responses between their gRPC messages and the words of service.ts. Whether a request fits the model is the
// service's to say; what is checked here is that it is a request at all.

import { SparseError } from '@freetickets/sparse-core';
import { checkBytes, isDatatype } from '../protocol/bytes.ts';
import { limits, shapeOf } from '../protocol/fields.ts';
import type { Parameters, RawTensor } from '../protocol/raw-tensor.ts';
import type { InferRequest, InferResponse, RequestedOutput } from '../service.ts';
import { ServiceError } from '../service-error.ts';
import { elementCount } from '../tensor.ts';
import { readContents } from './contents.ts';
import { checkHeaderSize } from './message-size.ts';
import { decode, messageType, notThatMessage } from './schema.ts';
import { parameterValue, toNumber, type WireInferRequest, type WireInput, type WireParameters } from './wire.ts';

const requestType = messageType('inference.ModelInferRequest');

/** @throws SparseError INVALID_ARGUMENT or SHAPE_MISMATCH for what the client has to change, ServiceError unsupported for shared memory */
export function readInferRequest(message: Uint8Array): InferRequest {
  const wire = decodeRequest(message);
  atMost(wire.id.length, limits.idLength, 'id', 'characters');
  atMost(wire.inputs.length, limits.tensors, 'inputs', 'tensors');
  atMost(wire.outputs.length, limits.tensors, 'outputs', 'tensors');
  const raw = wire.raw_input_contents;
  if (raw.length > 0 && raw.length !== wire.inputs.length) {
    throw new SparseError('INVALID_ARGUMENT', 'raw_input_contents', `one for each of ${wire.inputs.length} inputs, or none`, raw.length);
  }
  return {
    model: wire.model_name,
    ...(wire.model_version !== '' && { version: wire.model_version }),
    ...(wire.id !== '' && { id: wire.id }),
    parameters: readParameters(wire.parameters, 'parameters'),
    inputs: wire.inputs.map((input, i) => readInput(input, raw[i], i)),
    outputs: wire.outputs.map(readOutput),
  };
}

function decodeRequest(message: Uint8Array): WireInferRequest {
  try {
    checkHeaderSize(message);
  } catch (error) {
    throw error instanceof SparseError ? error : notThatMessage(requestType, error as Error);
  }
  return decode(requestType, message);
}

/** The object that encodes as ModelInferResponse. */
export function inferResponse({ model, version, id = '', parameters = {}, outputs }: InferResponse): object {
  return {
    model_name: model,
    model_version: version,
    id,
    parameters: Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, writeParameter(value)])),
    outputs: outputs.map(({ name, datatype, shape }) => ({ name, datatype, shape })),
    raw_output_contents: outputs.map(({ bytes }) => bytes),
  };
}

function readInput(input: WireInput, raw: Uint8Array | undefined, index: number): RawTensor {
  const at = `inputs[${index}]`;
  const { name, datatype } = input;
  refuseSharedMemory(input.parameters);
  if (!isDatatype(datatype))
    throw new SparseError('INVALID_ARGUMENT', `${at}.datatype`, 'a datatype of the protocol, such as FP32', datatype);
  const shape = shapeOf(
    input.shape.map((size, i) => toNumber(size, `${at}.shape[${i}]`)),
    `${at}.shape`,
  );
  if (raw !== undefined && input.contents.length > 0) {
    throw new SparseError('INVALID_ARGUMENT', `${at}.contents`, 'nothing beside raw_input_contents', new Error('contents'));
  }
  const bytes = raw ?? readContents(input.contents, datatype, elementCount(shape), `${at}.contents`);
  checkBytes({ datatype, shape, bytes }, at);
  return { name, datatype, shape, bytes };
}

function readOutput({ name, parameters }: WireInferRequest['outputs'][number], index: number): RequestedOutput {
  refuseSharedMemory(parameters);
  const { classification } = readParameters(parameters, `outputs[${index}].parameters`);
  if (classification === undefined) return { name };
  if (!Number.isSafeInteger(classification) || (classification as number) < 1) {
    throw new SparseError('INVALID_ARGUMENT', `outputs[${index}].parameters.classification`, 'a number of classes from 1', classification);
  }
  return { name, classification: classification as number };
}

function readParameters(parameters: WireParameters, at: string): Parameters {
  const entries = Object.entries(parameters);
  atMost(entries.length, limits.parameters, at, 'parameters');
  return Object.fromEntries(
    entries.map(([name, parameter]) => {
      const value = parameterValue(parameter, `${at}.${name}`);
      if (value instanceof Uint8Array) throw new SparseError('INVALID_ARGUMENT', `${at}.${name}`, 'no bytes', value);
      return [name, value];
    }),
  );
}

function writeParameter(value: string | number | boolean): object {
  if (typeof value === 'boolean') return { bool_param: value };
  if (typeof value === 'string') return { string_param: value };
  return Number.isSafeInteger(value) ? { int64_param: value } : { double_param: value };
}

function refuseSharedMemory(parameters: WireParameters): void {
  if (Object.hasOwn(parameters, 'shared_memory_region')) {
    throw new ServiceError('unsupported', 'shared memory is not offered: send tensors in raw_input_contents');
  }
}

function atMost(count: number, limit: number, at: string, what: string): void {
  if (count > limit) throw new SparseError('INVALID_ARGUMENT', at, `at most ${limit} ${what}`, count);
}
