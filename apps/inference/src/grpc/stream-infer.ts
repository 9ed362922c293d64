// ModelStreamInfer: many requests and answers on one stream. Requests run beside each other, answers leave in the order of the requests,
// and one that fails is an answer with `error_message`, after which the stream goes on.

import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { CallContext, InferenceService } from '../service.ts';
import { inferResponse, readInferRequest } from './infer-message.ts';
import { messageType } from './schema.ts';
import { statusOf } from './status.ts';

/** Requests of one stream that run at a time; with more, reading pauses and so, in the end, does the client. */
const maxInFlight = 64;

const answerType = messageType('inference.ModelStreamInferResponse');

/** Answers every request of `call` until the client ends the stream. */
export function streamInfer(service: InferenceService, call: ServerDuplexStream<Buffer, Buffer>, context: CallContext): void {
  let inFlight = 0;
  let last: Promise<void> = Promise.resolve();
  call.on('data', (message: Buffer) => {
    if (++inFlight >= maxInFlight) call.pause();
    const answer = inferOnce(service, message, context);
    last = last.then(async () => {
      const object = await answer;
      if (!call.cancelled) call.write(answerType.encode(object).finish() as Buffer);
      if (--inFlight < maxInFlight) call.resume();
    });
  });
  call.on('end', () => last.then(() => call.end()));
  call.on('error', () => {}); // the caller is gone; its signal says so
}

/** Never rejects: what goes wrong is part of the answer. */
async function inferOnce(service: InferenceService, message: Buffer, context: CallContext): Promise<object> {
  let id = '';
  try {
    const request = readInferRequest(message);
    id = request.id ?? '';
    return { infer_response: inferResponse(await service.infer(request, context)) };
  } catch (error) {
    return { error_message: statusOf(error).details, infer_response: { id } };
  }
}
