/** Two answers to one request, field by field: what differs between them, in words. */
import { gunzipSync, inflateSync } from 'node:zlib';
import { bytesOf, type GrpcAnswer, type HttpAnswer } from './corpus.ts';
import { decode } from './grpc-client.ts';

export interface Difference {
  /** Where: `status`, a header, or a path into the body. */
  readonly at: string;
  readonly tritons: unknown;
  readonly ours: unknown;
}

/** Differences between Triton's answer and ours. The words of an error are each server's own; that it is `{"error": text}` is not. */
export function compareHttp(tritons: HttpAnswer, ours: HttpAnswer): readonly Difference[] {
  if (tritons.status !== ours.status) return [{ at: 'status', tritons: tritons.status, ours: ours.status }];
  if (tritons.status >= 400) return compare('error', fieldsOf(tritons), fieldsOf(ours));
  const [theirs, own] = [read(tritons), read(ours)];
  return [
    ...compare('content-encoding', tritons.headers['content-encoding'], ours.headers['content-encoding']),
    ...compare('body', theirs.json, own.json),
    ...compare('data', theirs.data, own.data),
  ];
}

/** Differences between two answers to an rpc. The words of an error are each server's own, and so are the counts of statistics. */
export function compareGrpc(rpc: string, tritons: GrpcAnswer, ours: GrpcAnswer): readonly Difference[] {
  if (tritons.status !== ours.status) return [{ at: 'status', tritons: tritons.status, ours: ours.status }];
  if (tritons.status !== 'OK') return [];
  const read = (answer: GrpcAnswer) => {
    const message = decode(`inference.${rpc}Response`, answer.base64!);
    if (rpc === 'ModelStatistics') return withoutCounts(message);
    return rpc === 'ModelInfer' ? withNumbers(message) : message;
  };
  return compare('body', read(tritons), read(ours));
}

/** A message whose texts of digits are `n`: which fields there are, not what they hold. */
function withoutCounts(message: unknown): unknown {
  const text = JSON.stringify(message, (key, value) => (key === 'batch_stats' ? [] : value));
  return JSON.parse(text.replace(/(?<=:)"\d+"/g, '"n"'));
}

/** An inference response whose FP32 outputs are numbers. */
function withNumbers(message: Record<string, unknown>): unknown {
  const { outputs, raw_output_contents: raw } = message as {
    outputs: readonly { datatype: string }[];
    raw_output_contents: readonly string[];
  };
  return { ...message, raw_output_contents: raw.map((hex, i) => elements(outputs[i]?.datatype ?? '', Buffer.from(hex, 'hex'))) };
}

/** Differences between two values that came from JSON. Numbers may differ by 1e-6 of their size: kernels add in different orders. */
function compare(at: string, tritons: unknown, ours: unknown): readonly Difference[] {
  if (typeof tritons === 'number' && typeof ours === 'number') {
    const near = Object.is(tritons, ours) || Math.abs(tritons - ours) <= 1e-6 * Math.max(Math.abs(tritons), Math.abs(ours));
    return near ? [] : [{ at, tritons, ours }];
  }
  if (typeof tritons === 'string' && typeof ours === 'number') return compare(at, Number(tritons), ours);
  if (typeof tritons === 'number' && typeof ours === 'string') return compare(at, tritons, Number(ours));
  if (!isObject(tritons) || !isObject(ours) || Array.isArray(tritons) !== Array.isArray(ours)) {
    return tritons === ours ? [] : [{ at, tritons, ours }];
  }
  const keys = [...new Set([...Object.keys(tritons), ...Object.keys(ours)])];
  return keys.flatMap((key) => compare(`${at}.${key}`, tritons[key], ours[key]));
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** An error's body without its words. */
function fieldsOf(answer: HttpAnswer): unknown {
  const json = JSON.parse(bytesOf(answer)!.toString()) as object;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, typeof value]));
}

/** The JSON of a body, and each binary output as numbers or, for strings, as hexadecimal bytes. */
function read(answer: HttpAnswer): { readonly json: unknown; readonly data: readonly unknown[] } {
  const encoded = bytesOf(answer) ?? Buffer.alloc(0);
  const coding = answer.headers['content-encoding'];
  const body = coding === 'gzip' ? gunzipSync(encoded) : coding === 'deflate' ? inflateSync(encoded) : encoded;
  const length = answer.headers['inference-header-content-length'];
  if (length === undefined) return { json: parse(body.toString()), data: [] };
  const json = parse(body.subarray(0, Number(length)).toString()) as { outputs: Output[] };
  let offset = Number(length);
  const data = json.outputs.flatMap(({ datatype, parameters }) => {
    const size = parameters?.binary_data_size;
    if (size === undefined) return [];
    offset += size;
    return [elements(datatype, body.subarray(offset - size, offset))];
  });
  return { json, data: [...data, body.subarray(offset).toString('hex')] };
}

interface Output {
  readonly datatype: string;
  readonly parameters?: { readonly binary_data_size?: number };
}

const elements = (datatype: string, bytes: Uint8Array): unknown =>
  datatype === 'FP32' ? Array.from(new Float32Array(Uint8Array.from(bytes).buffer)) : Buffer.from(bytes).toString('hex');

/** JSON with whole numbers of more than 15 digits as text, so that none is lost; text that is no JSON stays text. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text.replace(/(?<=[[,:])-?\d{16,}(?=[,\]}])/g, '"$&"'));
  } catch {
    return text;
  }
}
