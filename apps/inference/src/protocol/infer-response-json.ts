// An answer as JSON, with the bytes of those outputs behind it that were asked for in binary.

import { SparseError } from '@freetickets/sparse-core';
import type { InferResponse } from '../service.ts';
import { typedTensor } from './bytes.ts';
import type { RawTensor } from './raw-tensor.ts';
import { hasJsonForm, writeData } from './tensor-json.ts';

export interface EncodedResponse {
  readonly body: Buffer;
  /** Length of the JSON where binary outputs follow it. */
  readonly jsonBytes?: number;
}

/** @throws SparseError NON_FINITE for an output in JSON that holds what JSON cannot, INVALID_ARGUMENT for one that has no JSON form */
export function encodeInferResponse(response: InferResponse, isBinary: (name: string) => boolean): EncodedResponse {
  const binary = response.outputs.filter(({ name }) => isBinary(name));
  const outputs = response.outputs.map((output) => outputJson(output, binary.includes(output)));
  const { model, version, id, parameters } = response;
  const head = JSON.stringify({
    model_name: model,
    model_version: version,
    ...(id !== undefined && { id }),
    ...(parameters && { parameters }),
  });
  const json = Buffer.from(`${head.slice(0, -1)},"outputs":[${outputs.join(',')}]}`);
  if (binary.length === 0) return { body: json };
  return { body: Buffer.concat([json, ...binary.map(({ bytes }) => bytes)]), jsonBytes: json.byteLength };
}

function outputJson(output: RawTensor, binary: boolean): string {
  const { name, datatype, shape, bytes } = output;
  if (binary) return JSON.stringify({ name, datatype, shape, parameters: { binary_data_size: bytes.byteLength } });
  if (!hasJsonForm(datatype))
    throw new SparseError(
      'INVALID_ARGUMENT',
      `output '${name}'`,
      'a datatype that JSON can carry',
      datatype,
      'Ask for it with binary_data',
    );
  return `${JSON.stringify({ name, datatype, shape }).slice(0, -1)},"data":${writeData(name, typedTensor(output))}}`;
}
