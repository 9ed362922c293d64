// The server's life: checks its configuration, starts the models' processes, puts the routes on the HTTP server, and on `close` lets
// requests finish before the processes end. Nothing here opens a socket (serve.ts does).

import { availableParallelism } from 'node:os';
import { SparseError } from '@freetickets/sparse-core';
import type { FastifyInstance } from 'fastify';
import { httpError } from './http-error.ts';
import { bareApp, type HttpLimits } from './http-server.ts';
import { addRoutes } from './routes.ts';
import { ModelProcess } from './supervisor.ts';

export interface ServerConfig extends HttpLimits {
  /** Models to serve by name: letters, digits, `.`, `_` and `-`, at most 128, a letter or digit first. */
  readonly models: Readonly<Record<string, { readonly path: string }>>;
  /** Threads of each model; default: the machine's cores shared out among the models. */
  readonly threads?: number;
  /** Requests that one model may have waiting or running; default 64. One more is answered 429. */
  readonly maxPending?: number;
  /** How long `close` waits for requests before it cuts them off, default 30 000. */
  readonly drainMs?: number;
}

const modelName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/**
 * A server that answers Open Inference Protocol requests for the given models. It listens to nothing yet: use `app.inject` in
 * tests, or `serve`. `app.close()` lets requests in flight finish, then ends the models' processes.
 *
 * @returns when every model is loaded
 * @throws SparseError INVALID_CONFIG for a bad name or number, MISSING_FILE or BAD_FILE for a model that cannot be loaded
 */
export async function createApp(config: ServerConfig): Promise<FastifyInstance> {
  checkConfig(config);
  const app = bareApp(config);
  const models = await startModels(config, (message) => app.log.warn(message));
  addRoutes(app, models);
  drainOnClose(app, models, config.drainMs ?? 30_000);
  await app.ready();
  return app;
}

function checkConfig({ models, ...rest }: ServerConfig): void {
  const bad = Object.keys(models).find((name) => !modelName.test(name));
  if (bad !== undefined) throw new SparseError('INVALID_CONFIG', 'models', `names like ${modelName.source}`, bad);
  for (const key of ['threads', 'maxBodyBytes', 'maxPending', 'headersTimeoutMs', 'requestTimeoutMs', 'drainMs'] as const) {
    const value = rest[key];
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0))
      throw new SparseError('INVALID_CONFIG', key, 'a whole number above 0', value);
  }
}

async function startModels(config: ServerConfig, warn: (message: string) => void): Promise<ReadonlyMap<string, ModelProcess>> {
  const entries = Object.entries(config.models);
  const threads = config.threads ?? Math.max(1, Math.floor(availableParallelism() / Math.max(1, entries.length)));
  const options = { threads, maxPending: config.maxPending ?? 64, warn };
  const starts = await Promise.allSettled(entries.map(([name, { path }]) => ModelProcess.start(name, path, options)));
  const models = starts.filter((start) => start.status === 'fulfilled').map((start) => start.value);
  const failed = starts.find((start) => start.status === 'rejected');
  if (failed) {
    await Promise.all(models.map((model) => model.close()));
    throw failed.reason;
  }
  return new Map(models.map((model) => [model.name, model]));
}

function drainOnClose(app: FastifyInstance, models: ReadonlyMap<string, ModelProcess>, drainMs: number): void {
  let closing = false;
  const timers: NodeJS.Timeout[] = [];
  app.addHook('onRequest', async () => {
    if (closing) throw httpError(503, 'the server is shutting down', { connection: 'close' });
  });
  app.addHook('onSend', async (_request, reply) => {
    if (closing) reply.header('connection', 'close');
  });
  app.addHook('preClose', async () => {
    closing = true;
    // A connection whose request was in flight when closing began would else stay open until its keep-alive time is over.
    timers.push(setInterval(() => app.server.closeIdleConnections(), 100));
    const cutOff = () => {
      for (const model of models.values()) model.kill();
      app.server.closeAllConnections();
    };
    timers.push(setTimeout(cutOff, drainMs));
  });
  app.addHook('onClose', async () => {
    await Promise.all([...models.values()].map((model) => model.close()));
    for (const timer of timers) clearInterval(timer);
  });
}
