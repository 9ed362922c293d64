// Between @grpc/grpc-js and the answers of methods.ts, infer-message.ts and stream-infer.ts: messages are
// decoded and encoded here, and errors become statuses.

import { SparseError } from '@freetickets/sparse-core';
import type { handleBidiStreamingCall, handleUnaryCall, MethodDefinition, ServerUnaryCall, ServiceDefinition } from '@grpc/grpc-js';
import type protobuf from 'protobufjs';
import type { CallContext } from '../service.ts';
import { contextOf } from './call-context.ts';
import { callerOf } from './gate-interceptor.ts';
import { inferResponse, readInferRequest } from './infer-message.ts';
import type { Method } from './methods.ts';
import { decode, messageType } from './schema.ts';
import { streamInfer } from './stream-infer.ts';
import { failure, type Surface } from './surface.ts';

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
  return answering(rpc.name, surface, async (message, context) => {
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
  return answering('ModelInfer', surface, async (message, context) =>
    response.encode(inferResponse(await surface.service.infer(readInferRequest(message), context))),
  );
}

export function streamHandler(surface: Surface): handleBidiStreamingCall<Buffer, Buffer> {
  return (call) => streamInfer(surface.service, call, contextOf(call, callerOf(call)));
}

type Answer = (message: Buffer, context: CallContext) => Promise<protobuf.Writer>;

function answering(rpc: string, surface: Surface, answer: Answer): handleUnaryCall<Buffer, Buffer> {
  return async (call: ServerUnaryCall<Buffer, Buffer>, callback) => {
    const context = contextOf(call, callerOf(call));
    try {
      callback(null, (await answer(call.request, context)).finish() as Buffer);
    } catch (error) {
      callback(failure(error, surface, rpc, context.requestId));
    }
    call.removeAllListeners('cancelled'); // grpc-js says so at every end, and an abort that nobody waits for costs time
  };
}
