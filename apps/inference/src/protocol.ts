// The Open Inference Protocol's JSON objects, without any server: reading an inference request against what a model declares, and
// writing metadata and responses. https://github.com/kserve/open-inference-protocol. Faults of the client are SparseErrors whose
// `at` is a JSON pointer into the request; app.ts turns them into status 400.

import { SparseError } from '@freetickets/sparse-core';
import { elementCount, type Signature, type Tensor, type TensorInfo } from './tensor.ts';
import { hasJsonForm, readData, writeData } from './tensor-json.ts';

/** Every served model has this one version. */
export const modelVersion = '1';

/** Limits on what one request may hold; generous for any real use. */
const limits = { tensors: 64, parameters: 64, rank: 8, elements: 2 ** 28, idLength: 256 };

export interface InferRequest {
  readonly id?: string;
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** Names of the outputs to answer with, in the order asked for. */
  readonly outputs: readonly string[];
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Checks a parsed request body against a model.
 *
 * @throws SparseError INVALID_ARGUMENT or SHAPE_MISMATCH for anything that the client has to change
 */
export function readInferRequest(body: unknown, model: string, signature: Signature): InferRequest {
  const request = fields(body, 'request body');
  const id = readId(request.id);
  refuseSequences(parameters(request.parameters, '/parameters'));
  const feeds: Record<string, Tensor> = Object.create(null);
  for (const [i, item] of list(request.inputs, '/inputs').entries()) {
    const at = `/inputs/${i}`;
    const input = fields(item, at);
    const info = declared(input.name, signature.inputs, `${at}/name`, `an input of model '${model}'`);
    if (info.name in feeds) throw new SparseError('INVALID_ARGUMENT', `${at}/name`, 'each input once', info.name);
    feeds[info.name] = readInput(input, info, at, model);
  }
  const missing = signature.inputs.find(({ name }) => !(name in feeds));
  if (missing)
    throw new SparseError('INVALID_ARGUMENT', '/inputs', `every input of model '${model}': ${names(signature.inputs)}`, Object.keys(feeds));
  const outputs = readOutputs(request.outputs, model, signature);
  return { ...(id !== undefined && { id }), feeds, outputs };
}

/** The text of a response body. @throws SparseError NON_FINITE when an output holds a number that JSON cannot */
export function inferResponse(model: string, request: InferRequest, results: Readonly<Record<string, Tensor>>): string {
  const outputs = request.outputs.map((name) => {
    const tensor = results[name]!;
    const head = JSON.stringify({ name, datatype: tensor.datatype, shape: tensor.shape });
    return `${head.slice(0, -1)},"data":${writeData(name, tensor)}}`;
  });
  const head = JSON.stringify({ model_name: model, model_version: modelVersion, ...(request.id !== undefined && { id: request.id }) });
  return `${head.slice(0, -1)},"outputs":[${outputs.join(',')}]}`;
}

/** The model metadata object. */
export function modelMetadata(model: string, { inputs, outputs }: Signature): object {
  return { name: model, versions: [modelVersion], platform: 'onnxruntime_onnx', inputs, outputs };
}

function readInput(input: Fields, info: TensorInfo, at: string, model: string): Tensor {
  const { datatype } = info;
  if (input.datatype !== datatype) {
    throw new SparseError(
      'INVALID_ARGUMENT',
      `${at}/datatype`,
      `${datatype}, as model '${model}' declares input '${info.name}'`,
      input.datatype,
    );
  }
  if (!hasJsonForm(datatype)) throw new SparseError('INVALID_ARGUMENT', `${at}/datatype`, 'a datatype that JSON can carry', datatype);
  const shape = readShape(input.shape, info, `${at}/shape`);
  const hint = 'binary_data_size' in parameters(input.parameters, `${at}/parameters`);
  if (hint)
    throw new SparseError(
      'INVALID_ARGUMENT',
      `${at}/parameters/binary_data_size`,
      'JSON data',
      'binary data',
      'Send `data` as an array (binary_data=False in Triton clients)',
    );
  return { datatype, shape, data: readData(input.data, datatype, shape, `${at}/data`) };
}

function readShape(value: unknown, info: TensorInfo, at: string): readonly number[] {
  const isSize = (size: unknown): size is number => Number.isSafeInteger(size) && (size as number) >= 0;
  if (!Array.isArray(value) || value.length > limits.rank || !value.every(isSize)) {
    throw new SparseError('INVALID_ARGUMENT', at, `an array of at most ${limits.rank} whole numbers, none below 0`, value);
  }
  const fits = value.length === info.shape.length && value.every((size, i) => info.shape[i] === -1 || info.shape[i] === size);
  if (!fits) throw new SparseError('SHAPE_MISMATCH', at, `[${info.shape.join(', ')}] for input '${info.name}' (-1: any size)`, value);
  // A product of safe integers may lose digits, but never so many that it comes out small.
  if (elementCount(value) > limits.elements) throw new SparseError('INVALID_ARGUMENT', at, `at most ${limits.elements} elements`, value);
  return value;
}

function readOutputs(value: unknown, model: string, signature: Signature): readonly string[] {
  const chosen = value === undefined ? [] : list(value, '/outputs');
  const outputs = chosen.map((item, i) => {
    const output = fields(item, `/outputs/${i}`);
    if ('classification' in parameters(output.parameters, `/outputs/${i}/parameters`)) {
      throw new SparseError(
        'INVALID_ARGUMENT',
        `/outputs/${i}/parameters/classification`,
        'no such parameter',
        'one',
        'The classification extension is not offered',
      );
    }
    return declared(output.name, signature.outputs, `/outputs/${i}/name`, `an output of model '${model}'`);
  });
  const twice = outputs.findIndex((output, i) => outputs.indexOf(output) !== i);
  if (twice >= 0) throw new SparseError('INVALID_ARGUMENT', `/outputs/${twice}/name`, 'each output once', outputs[twice]!.name);
  const all = outputs.length === 0 ? signature.outputs : outputs;
  const mute = all.find(({ datatype }) => !hasJsonForm(datatype));
  if (mute)
    throw new SparseError('INVALID_ARGUMENT', '/outputs', 'outputs that JSON can carry', `${mute.name} (${mute.datatype})`, 'Name others');
  return all.map(({ name }) => name);
}

function declared(name: unknown, among: readonly TensorInfo[], at: string, what: string): TensorInfo {
  const info = among.find((candidate) => candidate.name === name);
  if (info === undefined) throw new SparseError('INVALID_ARGUMENT', at, `${what} (${names(among)})`, name);
  return info;
}

const names = (among: readonly TensorInfo[]): string => among.map(({ name }) => `'${name}'`).join(', ');

function readId(id: unknown): string | undefined {
  if (id === undefined || (typeof id === 'string' && id.length <= limits.idLength)) return id;
  throw new SparseError('INVALID_ARGUMENT', '/id', `a string of at most ${limits.idLength} characters`, id);
}

/** Parameters are hints that this server may ignore, except where ignoring one would give a different answer. */
function parameters(value: unknown, at: string): Fields {
  if (value === undefined) return {};
  const given = fields(value, at);
  const keys = Object.keys(given);
  if (keys.length > limits.parameters)
    throw new SparseError('INVALID_ARGUMENT', at, `at most ${limits.parameters} parameters`, keys.length);
  const odd = keys.find((key) => !['string', 'number', 'boolean'].includes(typeof given[key]));
  if (odd !== undefined) throw new SparseError('INVALID_ARGUMENT', `${at}/${odd}`, 'a string, a number, true or false', given[odd]);
  return given;
}

function refuseSequences(given: Fields): void {
  const key = Object.keys(given).find((name) => name.startsWith('sequence_'));
  if (key !== undefined)
    throw new SparseError(
      'INVALID_ARGUMENT',
      `/parameters/${key}`,
      'no sequence parameters',
      key,
      'Requests are independent of each other',
    );
}

function list(value: unknown, at: string): readonly unknown[] {
  if (Array.isArray(value) && value.length <= limits.tensors) return value;
  throw new SparseError(
    'INVALID_ARGUMENT',
    at,
    `an array of at most ${limits.tensors} tensors`,
    Array.isArray(value) ? value.length : value,
  );
}

/** A JSON object. Keys that reach into JavaScript's own objects are refused, whoever reads the fields later. */
function fields(value: unknown, at: string): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new SparseError('INVALID_ARGUMENT', at, 'an object', value);
  const trap = ['__proto__', 'constructor', 'prototype'].find((key) => Object.hasOwn(value, key));
  if (trap !== undefined) throw new SparseError('INVALID_ARGUMENT', at, `no key named ${trap}`, trap);
  return value as Fields;
}
