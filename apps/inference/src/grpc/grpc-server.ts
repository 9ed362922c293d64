// The gRPC surface as a server that listens: limits, certificates, start and end. What the rpcs answer is in handlers.ts.

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as Listener } from 'node:net';
import { SparseError } from '@freetickets/sparse-core';
import { logVerbosity, Server, ServerCredentials, setLogVerbosity, type UntypedServiceImplementation } from '@grpc/grpc-js';
import { type ConnectionLimits, limitConnections } from '../security/limit-connections.ts';
import type { Scope } from '../service.ts';
import { arrivalInterceptor } from './arrival-interceptor.ts';
import { gateInterceptor } from './gate-interceptor.ts';
import { inferHandler, serviceDefinition, streamHandler, unaryHandler } from './handlers.ts';
import { HealthWatch, healthMethods } from './health.ts';
import { type Method, unaryMethods } from './methods.ts';
import { serviceType } from './schema.ts';
import type { Surface } from './surface.ts';

setLogVerbosity(logVerbosity.NONE); // what goes wrong is thrown or answered; grpc-js would write it to stderr as well

const inferenceName = 'inference.GRPCInferenceService';
const healthName = 'grpc.health.v1.Health';
/** A connection without calls for so long is closed; one with calls is asked whether its client is still there. */
const idleMs = 300_000;

export interface GrpcOptions extends Surface, ConnectionLimits {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 8001; 0 takes any free port. */
  readonly port?: number;
  /** Largest request, before and after decompression; default 64 MiB. */
  readonly maxMessageBytes?: number;
  /** Calls at a time on one connection, default 256. */
  readonly maxStreams?: number;
  /** Time for a whole message to arrive, default 30 000. */
  readonly requestTimeoutMs?: number;
  /** PEM texts; with `ca`, clients need a certificate that it signed. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer; readonly ca?: Buffer };
}

/** A gRPC server that is listening. */
export interface GrpcServer {
  readonly port: number;
  /** Takes no more calls, lets those in flight finish, and ends what is left after so many milliseconds. */
  close(graceMs: number): Promise<void>;
}

/**
 * Offers a service over gRPC.
 *
 * @throws SparseError INVALID_ARGUMENT when the address cannot be listened on
 */
export async function listenGrpc(options: GrpcOptions): Promise<GrpcServer> {
  const { host = '127.0.0.1', port = 8001, maxMessageBytes = 2 ** 26, maxStreams = 256, requestTimeoutMs = 30_000, service } = options;
  const inference = unaryMethods(service);
  const health = healthMethods(service);
  const scopes = new Map<string, Scope>([
    ...scopesOf(inferenceName, inference),
    ...['ModelInfer', 'ModelStreamInfer'].map((rpc) => [`/${inferenceName}/${rpc}`, 'inference'] as const),
    ...scopesOf(healthName, health),
    [`/${healthName}/Watch`, 'health'],
  ]);
  const server = new Server({
    'grpc.max_receive_message_length': maxMessageBytes,
    'grpc.max_send_message_length': -1,
    'grpc.max_concurrent_streams': maxStreams,
    'grpc.max_connection_idle_ms': idleMs,
    'grpc.keepalive_time_ms': idleMs,
    interceptors: [arrivalInterceptor(requestTimeoutMs), gateInterceptor(options, scopes)],
  });
  const tensors = { ModelInfer: inferHandler(options), ModelStreamInfer: streamHandler(options) };
  addService(server, inferenceName, inference, options, tensors);
  const watch = new HealthWatch(options);
  addService(server, healthName, health, options, { Watch: watch.handler });
  const listener = await listen(server, host, port, options);
  return {
    port: (listener.address() as AddressInfo).port,
    close: async (graceMs) => {
      listener.close();
      watch.close();
      await close(server, graceMs);
    },
  };
}

const scopesOf = (service: string, methods: Readonly<Record<string, Method>>): (readonly [string, Scope])[] =>
  Object.entries(methods).map(([rpc, { scope }]) => [`/${service}/${rpc}`, scope]);

function addService(
  server: Server,
  name: string,
  methods: Readonly<Record<string, Method>>,
  surface: Surface,
  others: UntypedServiceImplementation,
): void {
  const service = serviceType(name);
  const handlers = { ...others };
  for (const [rpc, method] of Object.entries(methods)) handlers[rpc] = unaryHandler(service.methods[rpc]!, method, surface);
  server.addService(serviceDefinition(service), handlers);
}

/** Listens itself and hands connections over: grpc-js takes as many as come. */
async function listen(server: Server, host: string, port: number, { tls, ...limits }: GrpcOptions): Promise<Listener> {
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(tls.ca ?? null, [{ private_key: tls.key, cert_chain: tls.cert }], tls.ca !== undefined);
  const injector = server.createConnectionInjector(credentials);
  const listener = createServer({ noDelay: true }, (socket) => {
    if (!socket.destroyed) injector.injectConnection(socket);
  });
  limitConnections(listener, limits);
  listener.listen(port, host);
  try {
    await once(listener, 'listening');
    return listener;
  } catch (cause) {
    const error = cause as Error;
    throw new SparseError('INVALID_ARGUMENT', `port ${port} of ${host}`, 'a free port', error, 'Choose another with --grpc-port', {
      cause: error,
    });
  }
}

function close(server: Server, graceMs: number): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => {
      server.forceShutdown();
      resolve(); // what `tryShutdown` waits for is gone, and it does not always notice
    }, graceMs);
    server.tryShutdown(() => {
      clearTimeout(limit);
      resolve();
    });
  });
}
