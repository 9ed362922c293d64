/** From the body of an answer to tensors, whichever of them are JSON and whichever bytes. */
import { SparseError } from '@freetickets/sparse-core';
import type { Parameters } from './infer-request.ts';
import { type Datatype, fromBytes, fromJson, type Tensor } from './tensor.ts';

export interface InferResponse {
  readonly model: string;
  /** That computed it. */
  readonly version: string;
  readonly id?: string;
  readonly parameters?: Parameters;
  /** In the order asked for. */
  readonly outputs: Readonly<Record<string, Tensor>>;
}

interface JsonOutput {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly parameters?: { readonly binary_data_size?: number };
  readonly data?: readonly (number | boolean | string)[];
}

interface JsonResponse {
  readonly model_name: string;
  readonly model_version?: string;
  readonly id?: string;
  readonly parameters?: Parameters;
  readonly outputs: readonly JsonOutput[];
}

/**
 * @param headerLength of the JSON at the beginning, in bytes; undefined: all of the body is JSON
 * @throws SparseError BAD_FILE when the body is no answer
 */
export function decodeResponse(body: Uint8Array, headerLength: number | undefined): InferResponse {
  const { model_name: model, model_version: version = '', id, parameters, outputs } = parse(body.subarray(0, headerLength));
  let offset = headerLength ?? body.length;
  const tensors = outputs.map(({ name, datatype, shape, parameters: own, data }): [string, Tensor] => {
    const size = own?.binary_data_size;
    if (size === undefined) return [name, { datatype: datatype as Datatype, shape, data: fromJson(name, datatype, data ?? []) }];
    const bytes = body.subarray(offset, offset + size);
    offset += size;
    return [name, { datatype: datatype as Datatype, shape, data: fromBytes(name, datatype, bytes) }];
  });
  for (const [name, { shape, data }] of tensors)
    if (data.length !== shape.reduce((a, b) => a * b, 1))
      throw new SparseError('BAD_FILE', `output ${name}`, `as many elements as shape [${shape.join(', ')}] has`, data.length);
  return { model, version, ...(id !== undefined && { id }), ...(parameters && { parameters }), outputs: Object.fromEntries(tensors) };
}

function parse(bytes: Uint8Array): JsonResponse {
  try {
    const value = JSON.parse(new TextDecoder().decode(bytes)) as Partial<JsonResponse> | null;
    if (typeof value?.model_name === 'string' && Array.isArray(value.outputs)) return value as JsonResponse;
  } catch {
    // said below
  }
  throw new SparseError('BAD_FILE', 'answer', 'an answer of the Open Inference Protocol', `${bytes.length} bytes that are none`);
}
