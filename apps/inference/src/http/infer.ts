// POST .../infer: from the bytes of a request to the neutral call, and back.

import type { IncomingHttpHeaders } from 'node:http';
import { SparseError } from '@freetickets/sparse-core';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { elementBytes } from '../protocol/bytes.ts';
import { type JsonInferRequest, readInferRequest } from '../protocol/infer-request-json.ts';
import { encodeInferResponse } from '../protocol/infer-response-json.ts';
import type { CallContext, InferenceService, ModelMetadata } from '../service.ts';
import { parseJson } from './body.ts';

const lengthHeader = 'inference-header-content-length';
/** The JSON part of a request; tensors as JSON count. */
const maxJsonBytes = 2 ** 26;

/** Bytes of tensors that a request's headers promise; what JSON will hold is not known before it is read, and counts as nothing. */
export function promisedBytes({ 'content-length': length, [lengthHeader]: json, 'content-encoding': coding }: IncomingHttpHeaders): number {
  return coding === undefined && json !== undefined ? Math.max(0, Number(length) - Number(json)) || 0 : 0;
}

export async function infer(
  service: InferenceService,
  { model, version }: { readonly model: string; readonly version?: string },
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const body = (request.body as Buffer | null | undefined) ?? Buffer.alloc(0);
  const asked = readBody(body, request.headers[lengthHeader], () => service.modelMetadata(model, version));
  const { binaryOutput, ...rest } = asked;
  const context = contextOf(request, reply);
  const response = await service.infer({ model, ...(version !== undefined && { version }), ...rest }, context);
  const encoded = encodeInferResponse(response, binaryOutput);
  if (encoded.jsonBytes === undefined) reply.type('application/json');
  else reply.type('application/octet-stream').header(lengthHeader, String(encoded.jsonBytes));
  return reply.send(encoded.body);
}

function readBody(body: Buffer, header: string | string[] | undefined, metadata: () => ModelMetadata): JsonInferRequest {
  if (header === undefined) return readInferRequest(parseJson(checkedJson(body)), undefined);
  const length = typeof header === 'string' && /^\d{1,10}$/.test(header) ? Number(header) : Number.NaN;
  if (!(length <= body.byteLength))
    throw new SparseError(
      'INVALID_ARGUMENT',
      'Inference-Header-Content-Length',
      `a number of bytes, at most the body's ${body.byteLength}`,
      header,
    );
  if (length === 0) return rawRequest(body, metadata());
  return readInferRequest(parseJson(checkedJson(body.subarray(0, length))), body.subarray(length));
}

function checkedJson(json: Buffer): Buffer {
  if (json.byteLength <= maxJsonBytes) return json;
  throw new SparseError('INVALID_ARGUMENT', 'request body', `at most ${maxJsonBytes} bytes of JSON`, json.byteLength);
}

/** A body that is one tensor and nothing else: for models of one input with at most one size that is not given. */
function rawRequest(body: Buffer, { inputs }: ModelMetadata): JsonInferRequest {
  const [input] = inputs;
  const refuse = (expected: string) =>
    new SparseError('INVALID_ARGUMENT', 'raw request', expected, new Error('another'), 'Send a JSON header');
  if (input === undefined || inputs.length > 1) throw refuse('a model of exactly one input');
  const { name, datatype, shape } = input;
  const each = elementBytes(datatype);
  // The first of several free sizes is the batch, and a raw request is a batch of one.
  const free = shape.filter((size) => size === -1).length;
  const one = free > 1 && shape[0] === -1 ? [1, ...shape.slice(1)] : shape;
  const open = one.filter((size) => size === -1).length;
  if (open > 1) throw refuse('an input with at most one variable size');
  const known = one.reduce((product, size) => (size === -1 ? product : product * size), each ?? 1);
  const rest = each === undefined ? 1 : known === 0 ? 0 : body.byteLength / known;
  if (!Number.isInteger(rest)) throw new SparseError('SHAPE_MISMATCH', 'raw request', `a multiple of ${known} bytes`, body.byteLength);
  const bytes = each === undefined ? Buffer.concat([lengthPrefix(body.byteLength), body]) : body;
  const resolved = one.map((size) => (size === -1 ? rest : size));
  return { parameters: {}, inputs: [{ name, datatype, shape: resolved, bytes }], outputs: [], binaryOutput: () => true };
}

function lengthPrefix(length: number): Buffer {
  const prefix = Buffer.alloc(4);
  prefix.writeUInt32LE(length);
  return prefix;
}

/** What the call's surroundings say: the caller, its trace, and whether it is still there. */
function contextOf(request: FastifyRequest, reply: FastifyReply): CallContext {
  const gone = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort();
  });
  const { traceparent, tracestate } = request.headers;
  return {
    signal: gone.signal,
    requestId: request.id,
    ...(request.caller && { caller: request.caller }),
    ...(typeof traceparent === 'string' && { traceparent }),
    ...(typeof tracestate === 'string' && { tracestate }),
  };
}
