// Fastify set up for this protocol: limits and timeouts, bodies of any or no content type, and one form for every error. It has no
// routes yet (routes.ts adds them) and knows nothing of models.

import type { Socket } from 'node:net';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerOptions, fastify, LogController } from 'fastify';
import { type ConnectionLimits, limitConnections } from '../security/limit-connections.ts';
import { explain } from '../service-error.ts';
import { checkEncoding, contentEncoding, decompress, tooLarge } from './body.ts';
import { compressReply } from './compress.ts';
import type { HttpError } from './http-error.ts';
import { httpStatus } from './status.ts';
import { limitTurns } from './turns.ts';

export interface HttpLimits extends ConnectionLimits {
  /** Largest request body in bytes, before and after decompression; default 64 MiB. */
  readonly maxBodyBytes?: number;
  /** Time for a request's headers to arrive, default 10 000. */
  readonly headersTimeoutMs?: number;
  /** Time for a whole request to arrive, default 30 000. */
  readonly requestTimeoutMs?: number;
  /** Answer full queues and timeouts with 503 as Triton does, not with 429 and 504. */
  readonly tritonStatus?: boolean;
}

export interface AppOptions extends HttpLimits {
  readonly logger?: FastifyServerOptions['loggerInstance'];
  /** Key, certificate and authorities of a server that speaks TLS. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer; readonly ca?: Buffer };
}

/** Fastify with our limits, body reading and errors, and no routes yet. */
export function createApp(options: AppOptions): FastifyInstance {
  const { maxBodyBytes = 2 ** 26, headersTimeoutMs = 10_000, requestTimeoutMs = 30_000, tritonStatus = false } = options;
  const transport = {
    headersTimeout: Math.min(headersTimeoutMs, requestTimeoutMs),
    // How often Node looks for sockets past the two limits; its default is 30 s.
    connectionsCheckingInterval: Math.min(1000, Math.ceil(headersTimeoutMs / 4)),
    maxHeaderSize: 16_384,
  };
  const answer = (error: Error, request: FastifyRequest, reply: FastifyReply) => answerError(error, request, reply, tritonStatus);
  const common: FastifyServerOptions = {
    ...(options.logger && { loggerInstance: options.logger }),
    childLoggerFactory: (logger) => logger, // a logger of its own for every request costs more than it tells
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maxBodyBytes,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: 72_000,
    maxRequestsPerSocket: 10_000,
    routerOptions: { maxParamLength: 256 },
    return503OnClosing: false, // drain.ts answers, in the protocol's form
    requestIdHeader: false,
    genReqId: ({ headers }) => requestId(headers['x-request-id']),
    frameworkErrors: (error, request, reply) => answer(error, request as FastifyRequest, reply as FastifyReply),
    clientErrorHandler: answerBrokenRequest,
  };
  const app = options.tls
    ? (fastify({
        ...common,
        https: { ...transport, ...options.tls, requestCert: options.tls.ca !== undefined },
      } as FastifyServerOptions) as FastifyInstance)
    : fastify({ ...common, http: transport });
  limitConnections(app.server, options);
  limitTurns(app.server);
  // Clients of this protocol often send no Content-Type, so every body is read as bytes, whatever it says it is.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (request: FastifyRequest, body: Buffer) =>
    decompress(body, contentEncoding(request.headers['content-encoding']), maxBodyBytes),
  );
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
    checkEncoding(contentEncoding(request.headers['content-encoding']));
  });
  app.addHook('onSend', compressReply);
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'Not Found' }));
  app.setErrorHandler((error: Error, request, reply) => answer(isTooLarge(error) ? tooLarge(maxBodyBytes) : error, request, reply));
  return app;
}

let requests = 0;
const start = Date.now().toString(36);
/** The caller's own, where it is short and plain: it goes into logs. */
const requestId = (given: string | string[] | undefined): string =>
  typeof given === 'string' && /^[\w.:-]{1,128}$/.test(given) ? given : `${start}-${(++requests).toString(36)}`;

/** Fastify's own error for a body over its limit, which does not name the limit. */
const isTooLarge = (error: Error): boolean => 'code' in error && error.code === 'FST_ERR_CTP_BODY_TOO_LARGE';

/** Every error is `{"error": sentence}`. One that nobody foresaw is a 500 that keeps its details to the log. */
function answerError(error: Error, request: FastifyRequest, reply: FastifyReply, tritonStatus: boolean): FastifyReply {
  const { statusCode, headers = {} } = error as Partial<HttpError>;
  const { reason, message, retryAfter } = explain(error);
  const status = statusCode ?? httpStatus(reason, tritonStatus);
  if (status >= 500 && reason === 'failed') request.log.error({ err: error, requestId: request.id }, message);
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  return reply
    .code(status)
    .headers(headers)
    .send({ error: statusCode === undefined ? message : error.message });
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
