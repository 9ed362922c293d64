// An inference request as JSON, with or without binary tensors behind it, read into the neutral form. Faults are SparseErrors whose
// `at` is a JSON pointer into the request. https://github.com/kserve/open-inference-protocol

import { SparseError } from '@freetickets/sparse-core';
import type { InferRequest, RequestedOutput } from '../service.ts';
import { isDatatype, rawBytes } from './bytes.ts';
import { type Fields, fields, flag, limits, list, parameters, shapeOf, text } from './fields.ts';
import type { RawTensor } from './raw-tensor.ts';
import { hasJsonForm, readData } from './tensor-json.ts';

export interface JsonInferRequest extends Omit<InferRequest, 'model' | 'version'> {
  /** Whether an output is to be answered as bytes behind the JSON. */
  binaryOutput(name: string): boolean;
}

/**
 * @param body    the parsed JSON
 * @param binary  what follows the JSON; undefined where the request is JSON alone
 * @throws SparseError INVALID_ARGUMENT or SHAPE_MISMATCH for anything that the client has to change
 */
export function readInferRequest(body: unknown, binary: Uint8Array | undefined): JsonInferRequest {
  const request = fields(body, 'request body');
  const id = readId(request.id);
  const { binary_data_output: allBinary = false, ...rest } = parameters(request.parameters, '/parameters');
  const rule = flag(allBinary, '/parameters/binary_data_output');
  const tail = new Tail(binary);
  const inputs = list(request.inputs, '/inputs').map((item, i) => readInput(fields(item, `/inputs/${i}`), `/inputs/${i}`, tail));
  tail.checkUsed();
  const asked = request.outputs === undefined ? [] : list(request.outputs, '/outputs').map(readOutput);
  const binaryOf = new Map(asked.map(({ name, binary: own }) => [name, own ?? rule]));
  const outputs = asked.map(
    ({ name, classification }): RequestedOutput => ({ name, ...(classification !== undefined && { classification }) }),
  );
  return { ...(id && { id }), parameters: rest, inputs, outputs, binaryOutput: (name) => binaryOf.get(name) ?? rule };
}

function readInput(input: Fields, at: string, tail: Tail): RawTensor {
  const name = text(input.name, `${at}/name`);
  const { datatype } = input;
  if (!isDatatype(datatype)) throw new SparseError('INVALID_ARGUMENT', `${at}/datatype`, 'a datatype such as FP32', datatype);
  const shape = shapeOf(input.shape, `${at}/shape`);
  const { binary_data_size: size } = parameters(input.parameters, `${at}/parameters`);
  if (size === undefined) {
    if (!hasJsonForm(datatype))
      throw new SparseError('INVALID_ARGUMENT', `${at}/datatype`, 'a datatype that JSON can carry', datatype, 'Send it as binary data');
    return { name, datatype, shape, bytes: rawBytes(readData(input.data, datatype, shape, `${at}/data`)) };
  }
  if (input.data !== undefined) throw new SparseError('INVALID_ARGUMENT', at, 'either `data` or `binary_data_size`', new Error('both'));
  return { name, datatype, shape, bytes: tail.take(size, `${at}/parameters/binary_data_size`) };
}

function readOutput(item: unknown, index: number): RequestedOutput & { readonly binary?: boolean } {
  const at = `/outputs/${index}`;
  const output = fields(item, at);
  const { binary_data: binary, classification } = parameters(output.parameters, `${at}/parameters`);
  if (classification !== undefined && !(Number.isSafeInteger(classification) && (classification as number) >= 0))
    throw new SparseError('INVALID_ARGUMENT', `${at}/parameters/classification`, 'how many classes, a whole number', classification);
  return {
    name: text(output.name, `${at}/name`),
    ...(classification !== undefined && classification !== 0 && { classification: classification as number }),
    ...(binary !== undefined && { binary: flag(binary, `${at}/parameters/binary_data`) }),
  };
}

function readId(id: unknown): string | undefined {
  if (id === undefined || (typeof id === 'string' && id.length <= limits.idLength)) return id;
  throw new SparseError('INVALID_ARGUMENT', '/id', `a string of at most ${limits.idLength} characters`, id);
}

/** The bytes behind the JSON, taken in the order of the inputs. */
class Tail {
  readonly #bytes: Uint8Array | undefined;
  #taken = 0;

  constructor(bytes: Uint8Array | undefined) {
    this.#bytes = bytes;
  }

  take(size: unknown, at: string): Uint8Array {
    if (this.#bytes === undefined) {
      const received = new Error('a request of JSON alone');
      throw new SparseError('INVALID_ARGUMENT', at, 'the header Inference-Header-Content-Length', received);
    }
    if (!Number.isSafeInteger(size) || (size as number) < 0) throw new SparseError('INVALID_ARGUMENT', at, 'a number of bytes', size);
    const start = this.#taken;
    this.#taken += size as number;
    if (this.#taken > this.#bytes.byteLength)
      throw new SparseError('INVALID_ARGUMENT', at, `at most ${this.#bytes.byteLength - start} bytes, as many as are left`, size);
    return this.#bytes.subarray(start, this.#taken);
  }

  checkUsed(): void {
    const more = (this.#bytes?.byteLength ?? 0) - this.#taken;
    if (more > 0) throw new SparseError('INVALID_ARGUMENT', 'request body', 'no bytes behind the last input', new Error(`${more} more`));
  }
}
