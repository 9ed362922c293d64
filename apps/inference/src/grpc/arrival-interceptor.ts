// A message that has begun to arrive has to be whole in time, as a body over HTTP has. Otherwise a client that sends a byte a minute would
// keep what it has sent so far in memory, call by call, for as long as it likes.

import { constants, type ServerHttp2Stream } from 'node:http2';
import { ServerInterceptingCall, type ServerInterceptingCallInterface, type ServerInterceptor, status } from '@grpc/grpc-js';

/** The first of the interceptors. @param limitMs  for the request of a unary call, counted from its start; for each message of a stream */
export function arrivalInterceptor(limitMs: number): ServerInterceptor {
  return ({ requestStream }, call) => {
    const stream = streamOf(call);
    if (stream === undefined) return new ServerInterceptingCall(call);
    let timer: NodeJS.Timeout | undefined;
    const stop = () => {
      clearTimeout(timer);
      timer = undefined;
    };
    const expire = () => {
      call.sendStatus({ code: status.DEADLINE_EXCEEDED, details: 'the request did not arrive in time' });
      stream.close(constants.NGHTTP2_NO_ERROR); // else what has arrived stays until the client goes
    };
    const start = () => {
      timer ??= setTimeout(expire, limitMs);
    };
    if (!requestStream) start();
    else stream.on('data', () => (stream.isPaused() ? stop() : start())); // grpc-js pauses it at the end of each message
    stream.once('end', stop).once('close', stop);
    return new ServerInterceptingCall(call);
  };
}

/** grpc-js keeps the HTTP/2 stream of a call to itself, and nothing else tells of a message before it is whole. */
const streamOf = (call: ServerInterceptingCallInterface): ServerHttp2Stream | undefined =>
  (call as unknown as { readonly stream?: ServerHttp2Stream }).stream;
