/** What is asked of a model, and the body that says so. */
import { checkedTensor, type InputTensor, toBytes, toJson } from './tensor.ts';

export type Parameters = Readonly<Record<string, string | number | boolean>>;

export interface InferRequest {
  readonly inputs: Readonly<Record<string, InputTensor>>;
  /** Names; default: all that the model gives by itself, and those that the parameters ask for. */
  readonly outputs?: readonly string[];
  /** `uncertainty`, `members`, `alpha`, `deadline_us` and others that the server knows. */
  readonly parameters?: Parameters;
  /** Comes back with the answer. */
  readonly id?: string;
  readonly version?: string;
  /** Tensors as bytes, exact and several times smaller; default true. Else as JSON, which people can read. */
  readonly binary?: boolean;
}

export interface Body {
  readonly bytes: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** @throws SparseError INVALID_ARGUMENT or SHAPE_MISMATCH for tensors that are none */
export function encodeRequest({ inputs, outputs, parameters, id, binary = true }: InferRequest): Body {
  const tensors = Object.entries(inputs).map(([name, input]) => ({ name, tensor: checkedTensor(name, input) }));
  const payloads = binary ? tensors.map(({ tensor }) => toBytes(tensor)) : [];
  const head = {
    ...(id !== undefined && { id }),
    parameters: { ...parameters, ...(outputs === undefined && { binary_data_output: binary }) },
    inputs: tensors.map(({ name, tensor }, k) => ({
      name,
      shape: tensor.shape,
      datatype: tensor.datatype,
      ...(binary ? { parameters: { binary_data_size: payloads[k]!.byteLength } } : { data: toJson(name, tensor) }),
    })),
    ...(outputs && { outputs: outputs.map((name) => ({ name, parameters: { binary_data: binary } })) }),
  };
  const header = new TextEncoder().encode(JSON.stringify(head));
  if (!binary) return { bytes: header, headers: { 'content-type': 'application/json' } };
  return {
    bytes: joined([header, ...payloads]),
    headers: { 'content-type': 'application/octet-stream', 'inference-header-content-length': String(header.length) },
  };
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.byteLength;
  }
  return all;
}
