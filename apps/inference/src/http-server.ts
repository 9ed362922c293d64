// Fastify set up for this protocol: limits and timeouts, bodies of any or no content type, and one form for every error. It has no
// routes yet (routes.ts adds them) and knows nothing of models.

import type { Socket } from 'node:net';
import { SparseError } from '@freetickets/sparse-core';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { checkEncoding, contentEncoding, decompress, tooLarge } from './body.ts';
import type { HttpError } from './http-error.ts';

export interface HttpLimits {
  /** Largest request body in bytes, before and after decompression; default 64 MiB. */
  readonly maxBodyBytes?: number;
  /** Time for a request's headers to arrive, default 10 000. */
  readonly headersTimeoutMs?: number;
  /** Time for a whole request to arrive, default 30 000. */
  readonly requestTimeoutMs?: number;
  /** Whether warnings and errors go to stderr, as lines of JSON; default false. */
  readonly log?: boolean;
}

/** Faults that the client can mend; every other code is the server's, 500. */
const statusOf: Partial<Record<SparseError['code'], number>> = { INVALID_ARGUMENT: 400, SHAPE_MISMATCH: 400 };

/** Fastify with our limits, body reading and errors, and no routes yet. */
export function bareApp(config: HttpLimits): FastifyInstance {
  const { maxBodyBytes = 2 ** 26, headersTimeoutMs = 10_000, requestTimeoutMs = 30_000 } = config;
  const app = fastify({
    logger: config.log ? { level: 'warn', stream: process.stderr } : false,
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: 72_000,
    maxRequestsPerSocket: 10_000,
    http: {
      headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
      // How often Node looks for sockets past the two limits; its default is 30 s.
      connectionsCheckingInterval: Math.min(1000, Math.ceil(headersTimeoutMs / 4)),
      maxHeaderSize: 16_384,
    },
    routerOptions: { maxParamLength: 256 },
    return503OnClosing: false, // app.ts answers, in the protocol's form
    frameworkErrors: (error, request, reply) => answerError(error, request as FastifyRequest, reply as FastifyReply),
    clientErrorHandler: answerBrokenRequest,
  });
  app.server.maxConnections = 1024;
  // Clients of this protocol often send no Content-Type, so every body is read as bytes, whatever it says it is.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request: FastifyRequest, body: Buffer) =>
    decompress(body, contentEncoding(request.headers['content-encoding']), maxBodyBytes),
  );
  app.addHook('onRequest', async (request) => checkEncoding(contentEncoding(request.headers['content-encoding'])));
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'Not Found' }));
  app.setErrorHandler((error: Error, request, reply) => answerError(isTooLarge(error) ? tooLarge(maxBodyBytes) : error, request, reply));
  return app;
}

/** Fastify's own error for a body over its limit, which does not name the limit. */
const isTooLarge = (error: Error): boolean => 'code' in error && error.code === 'FST_ERR_CTP_BODY_TOO_LARGE';

/** Every error is `{"error": sentence}`. One that nobody foresaw is a 500 that keeps its details to the log. */
function answerError(error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { statusCode, headers = {} } = error as Partial<HttpError>;
  const status = error instanceof SparseError ? (statusOf[error.code] ?? 500) : (statusCode ?? 500);
  const foreseen = error instanceof SparseError || statusCode !== undefined;
  if (status >= 500) request.log.error(error);
  return reply
    .code(status)
    .headers(headers)
    .send({ error: foreseen ? error.message : 'internal error' });
}

/** What never became a request: half a header, a header too large or too slow. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
  const [status, text] =
    error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? ['408 Request Timeout', 'the request did not arrive in time']
      : error.code === 'HPE_HEADER_OVERFLOW'
        ? ['431 Request Header Fields Too Large', 'headers: expected at most 16384 bytes, received more']
        : ['400 Bad Request', 'this is not an HTTP request'];
  const body = JSON.stringify({ error: text });
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`);
}
