// The metrics page on a port of its own, where a Prometheus server looks for it and nobody else has to reach it.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SparseError } from '@freetickets/sparse-core';
import type { Gate } from '../service.ts';
import { explain } from '../service-error.ts';
import type { Metrics } from './metrics.ts';

export interface MetricsServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 8002; 0 takes any free port. */
  readonly port?: number;
}

export interface MetricsServer {
  readonly port: number;
  close(): Promise<void>;
}

/** Answers `GET /metrics`. @throws SparseError INVALID_ARGUMENT when the address cannot be listened on */
export async function listenMetrics(metrics: Metrics, gate: Gate, options: MetricsServerOptions = {}): Promise<MetricsServer> {
  const { host = '127.0.0.1', port = 8002 } = options;
  const limits = { headersTimeout: 5000, requestTimeout: 5000, connectionsCheckingInterval: 1000, maxHeaderSize: 16_384 };
  const server = createServer(limits, (request, response) => void answer(metrics, gate, request, response));
  server.maxConnections = 64;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new SparseError('INVALID_ARGUMENT', `port ${port} of ${host}`, 'a free port', cause, 'Choose another with --metrics-port', {
          cause,
        }),
      ),
    );
    server.listen(port, host, resolve);
  });
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { port: (server.address() as AddressInfo).port, close };
}

async function answer(metrics: Metrics, gate: Gate, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const refuse = (status: number, error: string) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error }));
  if (request.url?.split('?', 1)[0] !== '/metrics') return void refuse(404, 'Not Found');
  if (request.method !== 'GET' && request.method !== 'HEAD') return void refuse(405, 'Method Not Allowed');
  const header = (name: string) => request.headersDistinct[name]?.[0];
  try {
    gate.admit({ address: request.socket.remoteAddress ?? '', header }, 'metrics');
  } catch (error) {
    const { reason, message } = explain(error);
    return void refuse({ unauthenticated: 401, forbidden: 403, 'rate-limited': 429 }[reason as string] ?? 500, message);
  }
  const { type, text } = await metrics.page();
  response.writeHead(200, { 'content-type': type }).end(text);
}
