// Puts the parts together to the one object that all surfaces talk to: the repository of models, what is counted, what is traced and
// logged. Nothing here opens a socket (serve.ts does).

import { readFileSync } from 'node:fs';
import { availableParallelism, totalmem } from 'node:os';
import { SparseError } from '@freetickets/sparse-core';
import type { EngineName } from './engines/engine.ts';
import { LogLevels } from './observability/log-settings.ts';
import { createLogger, type Logger } from './observability/logger.ts';
import { Metrics } from './observability/metrics.ts';
import type { DriftGauge } from './observability/observer.ts';
import { otlpExporter, Tracing } from './observability/tracing.ts';
import { Repository, type RepositoryOptions } from './repository/repository.ts';
import type { ServedVersion, ServingOptions } from './repository/served-version.ts';
import { ByteBudget } from './scheduler/byte-budget.ts';
import type { InferenceService, ModelMetadata, ServerMetadata } from './service.ts';
import { ServiceError } from './service-error.ts';
import type { DriftReport } from './uncertainty/drift.ts';
import { Spares } from './workers/spares.ts';

export interface ServiceOptions extends RepositoryOptions {
  /** What computes; `auto`, the default, takes the fastest that works here. */
  readonly engine?: EngineName;
  /** Threads of each worker process; default: the machine's cores, less one for the server, shared out among the processes. */
  readonly threads?: number;
  /** Worker processes of a model whose configuration does not say; default 1. */
  readonly instances?: number;
  /** Bytes of requests that may wait; default a quarter of the machine's memory. */
  readonly maxQueuedBytes?: number;
  /** A batch that takes longer ends its process and is given up; default 60 000. */
  readonly runTimeoutMs?: number;
  /** Least level of what is logged to stderr; default `warn`. */
  readonly logLevel?: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Where traces go, such as `http://127.0.0.1:4318/v1/traces`; none by default. */
  readonly otlpUrl?: string;
}

/** A service and what belongs to it. */
export interface RunningService extends InferenceService {
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly repository: Repository;
  /** From now on `ready` is false, so that load balancers look elsewhere; everything is still answered. */
  drain(): void;
  /** Lets requests finish, then ends the workers. */
  close(): Promise<void>;
  /** Ends the workers at once. */
  kill(): void;
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };

const metadata: ServerMetadata = {
  name: 'freetickets-inference',
  version,
  extensions: [
    'classification',
    'model_repository',
    'model_repository(unload_dependents)',
    'schedule_policy',
    'model_configuration',
    'binary_tensor_data',
    'parameters',
    'statistics',
    'trace',
    'logging',
    'freetickets_uncertainty',
  ],
};

/** @throws SparseError INVALID_CONFIG for a bad option, MISSING_FILE or BAD_FILE for a model that was named and cannot be loaded */
export async function createService(options: ServiceOptions): Promise<RunningService> {
  checkNumbers(options);
  const logger = createLogger(options.logLevel ?? 'warn');
  const metrics = new Metrics();
  const tracing = new Tracing(options.otlpUrl === undefined ? undefined : otlpExporter(options.otlpUrl), metadata);
  const spares = new Spares();
  const serving = { ...servingOptions(options, metrics, tracing, logger), spares };
  const repository = await Repository.open(options, serving).catch(async (error) => {
    await spares.close();
    throw error;
  });
  const levels = new LogLevels(logger);
  let draining = false;
  metrics.watch({ queues: () => queuesOf(repository), drift: () => driftsOf(repository), draining: () => draining });
  return {
    metrics,
    logger,
    repository,
    ready: () => !draining && repository.models.every((model) => model.ready),
    get draining() {
      return draining;
    },
    serverMetadata: () => metadata,
    modelReady: (name, wanted) => repository.model(name).isReady(wanted),
    modelMetadata: (name, wanted) => modelMetadata(repository, name, wanted),
    modelConfig: (name, wanted) => repository.model(name).version(wanted).config,
    statistics: (name, wanted) => {
      const models = name === undefined ? repository.models : [repository.model(name)];
      const versions = wanted ? [repository.model(name!).version(wanted)] : models.flatMap((model) => model.loaded);
      return versions.map((served) => metrics.statistics.of(served.metadata.name, served.version));
    },
    drift: (name, wanted) => driftOf(repository.model(name).version(wanted)),
    infer: (request, context) => tracing.infer(request, context, (traced) => repository.model(request.model).infer(request, traced)),
    checkRoom: (name, wanted, bytes) => repository.model(name).checkRoom(wanted, bytes),
    repositoryIndex: ({ ready = false } = {}) => repository.index().filter(({ state }) => !ready || state === 'READY'),
    load: (name, parameters) => repository.load(name, parameters),
    unload: (name) => repository.unload(name),
    traceSettings: (model) => tracing.choice.settings(model === undefined ? undefined : repository.model(model).name),
    updateTraceSettings: (changes, model) => tracing.choice.update(changes, model === undefined ? undefined : repository.model(model).name),
    logSettings: () => levels.settings,
    updateLogSettings: (changes) => levels.update(changes),
    drain: () => {
      draining = true;
    },
    close: async () => {
      draining = true;
      await Promise.all([repository.close(), spares.close()]);
      await tracing.close();
    },
    kill: () => {
      repository.kill();
      spares.close();
    },
  };
}

function servingOptions(options: ServiceOptions, metrics: Metrics, tracing: Tracing, logger: Logger): ServingOptions {
  const instances = options.instances ?? 1;
  const processes = instances * Math.max(1, Object.keys(options.models ?? {}).length);
  return {
    engine: options.engine ?? 'auto',
    threads: options.threads ?? Math.max(1, Math.floor((availableParallelism() - 1) / processes)),
    instances,
    budget: new ByteBudget(options.maxQueuedBytes ?? Math.floor(totalmem() / 4)),
    observer: metrics,
    traceBatch: (batch) => tracing.batch(batch),
    ...(options.runTimeoutMs !== undefined && { runTimeoutMs: options.runTimeoutMs }),
    warn: (message) => logger.warn(message),
  };
}

function modelMetadata(repository: Repository, name: string, wanted?: string): ModelMetadata {
  const model = repository.model(name);
  const { metadata: own } = model.version(wanted);
  return { ...own, versions: model.loaded.map((served) => served.version).sort((a, b) => Number(a) - Number(b)) };
}

function driftOf({ drift, metadata: { name } }: ServedVersion): DriftReport {
  if (drift) return drift;
  throw new ServiceError('not-found', `model '${name}' has no calibration to compare with: export it with --calibrate`);
}

const driftsOf = (repository: Repository): DriftGauge[] =>
  repository.models.flatMap((model) =>
    model.loaded.flatMap(({ metadata: { name }, version: number, drift }) =>
      drift ? [{ model: name, version: number, report: drift }] : [],
    ),
  );

const queuesOf = (repository: Repository) =>
  repository.models.flatMap((model) =>
    model.loaded.map(({ metadata: { name }, version: number, pending, pendingBytes }) => ({
      model: name,
      version: number,
      pendingRequests: pending,
      pendingBytes,
    })),
  );

function checkNumbers(options: ServiceOptions): void {
  for (const key of ['threads', 'instances', 'maxQueuedBytes', 'runTimeoutMs', 'pollSeconds'] as const) {
    const value = options[key];
    if (value !== undefined && !(Number.isSafeInteger(value) && value > 0))
      throw new SparseError('INVALID_CONFIG', key, 'a whole number above 0', value);
  }
}
