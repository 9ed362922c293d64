// The server's life: the service, its surfaces on their ports, and an end in which nothing that was accepted is lost.

import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SparseError } from '@freetickets/sparse-core';
import type { FastifyInstance } from 'fastify';
import { createService, type RunningService, type ServiceOptions } from './create-service.ts';
import { type GrpcServer, listenGrpc } from './grpc/grpc-server.ts';
import { type AppOptions, createApp, type HttpLimits } from './http/create-app.ts';
import { addDrain, closeApp } from './http/drain.ts';
import { addPlayground } from './http/playground.ts';
import { addRoutes } from './http/routes.ts';
import { listenMetrics, type MetricsServer } from './observability/metrics-server.ts';
import { openSecurity, type SecurityOptions } from './security/open-security.ts';
import type { Gate } from './service.ts';

export interface ServeOptions extends ServiceOptions, HttpLimits, SecurityOptions {
  /** Address to listen on; default 127.0.0.1, which only this machine can reach. */
  readonly host?: string;
  /** Default 8000; 0 takes any free port. */
  readonly port?: number;
  /** Whether there is a page at /playground; default true. */
  readonly playground?: boolean;
  /** Default none; Triton's is 8001. */
  readonly grpcPort?: number;
  /** Default none; Triton's is 8002. */
  readonly metricsPort?: number;
  /** How long the server still answers everything after it has stopped calling itself ready; default 0. */
  readonly drainDelayMs?: number;
  /** How long `close` waits for requests in flight before it cuts them off; default 30 000. */
  readonly drainMs?: number;
}

/** A server that is listening. */
export interface RunningServer {
  /** For example `http://127.0.0.1:8000`. */
  readonly address: string;
  readonly grpcPort?: number;
  readonly metricsPort?: number;
  readonly service: RunningService;
  /** Reads the file of keys again. @throws SparseError, and the old keys stay */
  reloadKeys(): Promise<void>;
  /** Stops listening, lets requests in flight finish, and ends the models' processes. */
  close(): Promise<void>;
}

/**
 * Loads the models and listens.
 *
 * @throws SparseError INVALID_CONFIG, MISSING_FILE, BAD_FILE as `createService` does; INVALID_ARGUMENT when an address cannot be listened on
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 8000, grpcPort, metricsPort } = options;
  let service: RunningService | undefined;
  const { gate, grpcGate, tls, reloadKeys } = await openSecurity(host, options, (reason) => service?.metrics.refused(reason));
  service = await createService(options);
  const surface = { ...options, service, gate, ...(tls && { tls }) };
  const open: { app?: FastifyInstance; grpc?: GrpcServer; metrics?: MetricsServer } = {};
  const running = service;
  try {
    open.app = await listenHttp(surface, host, port);
    if (grpcPort !== undefined) open.grpc = await listenGrpc({ ...grpcOptions(surface), gate: grpcGate, host, port: grpcPort });
    if (metricsPort !== undefined) open.metrics = await listenMetrics(running.metrics, gate, { host, port: metricsPort });
  } catch (error) {
    await close(running, open, { ...options, drainDelayMs: 0 });
    throw error;
  }
  const { address, family, port: bound } = open.app.server.address() as AddressInfo;
  return {
    address: `${tls ? 'https' : 'http'}://${family === 'IPv6' ? `[${address}]` : address}:${bound}`,
    ...(open.grpc && { grpcPort: open.grpc.port }),
    ...(open.metrics && { metricsPort: open.metrics.port }),
    service: running,
    reloadKeys,
    close: () => close(running, open, options),
  };
}

export interface HttpSurface extends AppOptions {
  /** Whether there is a page at /playground; default true. */
  readonly playground?: boolean;
  readonly service: RunningService;
  readonly gate: Gate;
  /** Told of every address that is offered. */
  readonly onRoute?: (method: string, url: string) => void;
}

/** What the surfaces share, in the words of gRPC. */
const grpcOptions = <S extends HttpLimits & { readonly service: RunningService }>(surface: S) => ({
  ...surface,
  ...(surface.maxBodyBytes !== undefined && { maxMessageBytes: surface.maxBodyBytes }),
  onRefusedConnection: () => surface.service.metrics.refused('rate-limited'),
  onFailure: (error: unknown, call: object) => surface.service.logger.error({ err: error, ...call }, 'a call failed'),
});

/** The HTTP surface without a socket: for `app.inject` in tests, and for `serve`. */
export function httpApp({ service, gate, onRoute, playground = true, ...options }: HttpSurface): FastifyInstance {
  const app = createApp({ ...options, logger: service.logger, onRefusedConnection: () => service.metrics.refused('rate-limited') });
  addDrain(app, () => service.draining);
  addRoutes(app, service, gate, onRoute);
  if (playground) addPlayground(app, service.repository);
  return app;
}

async function listenHttp(surface: HttpSurface, host: string, port: number): Promise<FastifyInstance> {
  const app = httpApp(surface);
  try {
    await app.listen({ host, port });
  } catch (error) {
    await app.close();
    throw cannotListen(host, port, error as NodeJS.ErrnoException);
  }
  return app;
}

async function close(
  service: RunningService,
  { app, grpc, metrics }: { readonly app?: FastifyInstance; readonly grpc?: GrpcServer; readonly metrics?: MetricsServer },
  { drainDelayMs = 0, drainMs = 30_000 }: ServeOptions,
): Promise<void> {
  service.drain();
  await delay(drainDelayMs);
  const cutOff = setTimeout(() => service.kill(), drainMs);
  await Promise.all([app && closeApp(app, drainMs), grpc?.close(drainMs)]);
  await service.close();
  clearTimeout(cutOff);
  await metrics?.close();
  service.metrics.close();
}

function cannotListen(host: string, port: number, error: NodeJS.ErrnoException): SparseError {
  const inUse = error.code === 'EADDRINUSE';
  const received = new Error(inUse ? 'one that another program listens on' : error.message);
  return new SparseError(
    'INVALID_ARGUMENT',
    `port ${port} of ${host}`,
    'a free port',
    received,
    inUse ? 'Choose another with --port' : '',
    {
      cause: error,
    },
  );
}
