// Between @grpc/grpc-js and the answers of methods.ts, infer-message.ts and stream-infer.ts: every call passes the gate, messages are
// decoded and encoded here, and errors become statuses.

import { SparseError } from '@freetickets/sparse-core';
import {
  type handleBidiStreamingCall,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  type ServerErrorResponse,
  type ServerUnaryCall,
  type ServiceDefinition,
} from '@grpc/grpc-js';
import type protobuf from 'protobufjs';
import type { CallContext, Gate, InferenceService } from '../service.ts';
import { explain } from '../service-error.ts';
import { contextOf, credentialsOf } from './call-context.ts';
import { inferResponse, readInferRequest } from './infer-message.ts';
import type { Method } from './methods.ts';
import { decode, messageType } from './schema.ts';
import { statusOf } from './status.ts';
import { streamInfer } from './stream-infer.ts';

/** What the handlers work with. */
export interface Surface {
  readonly service: InferenceService;
  readonly gate: Gate;
  /** Answer a full queue and a timeout with UNAVAILABLE, as Triton does. */
  readonly tritonStatus?: boolean;
  /** Told of calls that failed by no fault of the caller. */
  readonly onFailure?: (error: unknown, call: { readonly rpc: string; readonly requestId?: string }) => void;
}

/** Requests besides inference and uploads; more would be an attack on the decoder. */
const maxSmallRequest = 2 ** 20;

/** Messages cross grpc-js as bytes: what cannot be decoded is the caller's fault, and grpc-js would call it the server's. */
export function serviceDefinition(service: protobuf.Service): ServiceDefinition {
  const bytes = (message: Buffer) => message;
  const entries = service.methodsArray.map((rpc): [string, MethodDefinition<Buffer, Buffer>] => [
    rpc.name,
    {
      path: `/${service.fullName.slice(1)}/${rpc.name}`,
      requestStream: rpc.requestStream === true,
      responseStream: rpc.responseStream === true,
      requestSerialize: bytes,
      requestDeserialize: bytes,
      responseSerialize: bytes,
      responseDeserialize: bytes,
    },
  ]);
  return Object.fromEntries(entries);
}

/** An rpc of small messages. */
export function unaryHandler(rpc: protobuf.Method, method: Method, surface: Surface): handleUnaryCall<Buffer, Buffer> {
  const request = rpc.resolvedRequestType!;
  const response = rpc.resolvedResponseType!;
  return answering(rpc.name, method.scope, surface, async (message, context) => {
    if (message.length > (method.maxBytes ?? maxSmallRequest)) {
      throw new SparseError('INVALID_ARGUMENT', 'request', `at most ${maxSmallRequest} bytes`, message.length);
    }
    const answer = await method.answer(decode(request, message) as never, context);
    return response.encode(response.fromObject(answer));
  });
}

/** ModelInfer, whose messages hold the tensors. */
export function inferHandler(surface: Surface): handleUnaryCall<Buffer, Buffer> {
  const response = messageType('inference.ModelInferResponse');
  return answering('ModelInfer', 'inference', surface, async (message, context) =>
    response.encode(inferResponse(await surface.service.infer(readInferRequest(message), context))),
  );
}

export function streamHandler(surface: Surface): handleBidiStreamingCall<Buffer, Buffer> {
  return (call) => {
    try {
      const caller = surface.gate.admit(credentialsOf(call), 'inference');
      streamInfer(surface.service, call, contextOf(call, caller));
    } catch (error) {
      call.emit('error', failure(error, 'ModelStreamInfer', {}, surface));
    }
  };
}

type Answer = (message: Buffer, context: CallContext) => Promise<protobuf.Writer>;

function answering(rpc: string, scope: Method['scope'], surface: Surface, answer: Answer): handleUnaryCall<Buffer, Buffer> {
  return async (call: ServerUnaryCall<Buffer, Buffer>, callback) => {
    let context: CallContext = {};
    try {
      context = contextOf(call, surface.gate.admit(credentialsOf(call), scope));
      callback(null, (await answer(call.request, context)).finish() as Buffer);
    } catch (error) {
      callback(failure(error, rpc, context, surface));
    }
  };
}

function failure(error: unknown, rpc: string, { requestId }: CallContext, surface: Surface): Partial<ServerErrorResponse> {
  const { reason, retryAfter } = explain(error);
  const id = requestId === undefined ? {} : { requestId };
  if (reason === 'failed') surface.onFailure?.(error, { rpc, ...id });
  const metadata = new Metadata();
  if (requestId !== undefined) metadata.set('x-request-id', requestId);
  if (retryAfter !== undefined) metadata.set('retry-after', String(retryAfter));
  return { ...statusOf(error, surface.tritonStatus), metadata };
}
