// One version of one model, loaded: its worker processes, its queue, and what it says of itself. Made by `start`, replaced as a whole
// on reload, ended by `close` when its last request is answered.

import type { ChosenEngine, EngineName } from '../engines/engine.ts';
import type { BatchRecord, Observer, RequestRecord } from '../observability/observer.ts';
import { checkRequest } from '../protocol/check-request.ts';
import { classify } from '../protocol/classification.ts';
import type { RawTensor } from '../protocol/raw-tensor.ts';
import { batchPolicy } from '../scheduler/batch-policy.ts';
import { Batcher } from '../scheduler/batcher.ts';
import type { ByteBudget } from '../scheduler/byte-budget.ts';
import { Scheduler, type TaskResult } from '../scheduler/scheduler.ts';
import type { CallContext, InferRequest, InferResponse, ModelMetadata } from '../service.ts';
import { explain, ServiceError } from '../service-error.ts';
import { checkParameters } from '../uncertainty/check-parameters.ts';
import { DriftMonitor, type DriftReport } from '../uncertainty/drift.ts';
import { WorkerPool } from '../workers/pool.ts';
import type { Spares } from '../workers/spares.ts';
import { checkConfig } from './check-config.ts';
import { completeConfig, type FullConfig } from './complete-config.ts';
import { digest } from './manifest.ts';
import type { InstanceGroup, ModelConfig } from './model-config.ts';
import { warmUp } from './warm-up.ts';

/** A version as its source describes it. */
export interface VersionSource {
  readonly model: string;
  readonly version: string;
  readonly path: string;
  readonly config: ModelConfig;
  /** By output name. */
  readonly labels: Readonly<Record<string, readonly string[]>>;
}

/** What all models share. */
export interface ServingOptions {
  readonly engine: EngineName;
  readonly threads: number;
  /** Processes of a model whose configuration does not say. */
  readonly instances: number;
  readonly budget: ByteBudget;
  readonly spares?: Spares;
  readonly observer: Observer;
  readonly restartDelayMs?: number;
  readonly runTimeoutMs?: number;
  /** Told of every batch, for its trace. */
  readonly traceBatch?: (batch: BatchRecord) => void;
  readonly warn: (message: string) => void;
}

export class ServedVersion {
  readonly config: FullConfig;
  readonly #source: VersionSource;
  readonly #observer: Observer;
  readonly #drift: DriftMonitor | undefined;
  readonly #pool: WorkerPool;
  readonly #scheduler: Scheduler;
  readonly #active = new Set<Promise<unknown>>();
  #closed = false;

  /** Resolves when the model is loaded in every instance. @throws SparseError MISSING_FILE, BAD_FILE, INVALID_CONFIG */
  static async start(source: VersionSource, options: ServingOptions): Promise<ServedVersion> {
    const { model, version, path } = source;
    const { engine, threads, spares, observer, warn } = options;
    checkConfig(source.config, path);
    const groups = source.config.instance_group;
    const instances = groups ? groups.reduce((sum, { count = 1 }) => sum + count, 0) : options.instances;
    const started = performance.now();
    let drift: DriftMonitor | undefined;
    const pool = await WorkerPool.start({
      spec: { path, engine: engineFor(engine, groups), threads },
      instances,
      ...(spares && { spares }),
      warn: (message) => warn(`model '${model}' version ${version}: ${message}`),
      onRestart: () => observer.workerRestarted(model, version),
      onCounts: (counts) => drift?.add(counts),
      ...(options.restartDelayMs !== undefined && { restartDelayMs: options.restartDelayMs }),
      ...(options.runTimeoutMs !== undefined && { runTimeoutMs: options.runTimeoutMs }),
    });
    try {
      const config = completeConfig(model, source.config, pool.model, instances, path);
      await warmUp(pool, config, instances);
      const { reference } = pool.model;
      drift = reference && new DriftMonitor(reference); // only now: what warms up is not what callers send
      const served = new ServedVersion(source, config, pool, instances, drift, options);
      observer.modelLoaded(model, version, (performance.now() - started) / 1000, {
        engine: pool.model.engine.name,
        sha256: await digest(path),
      });
      return served;
    } catch (error) {
      await pool.close();
      throw error;
    }
  }

  private constructor(
    source: VersionSource,
    config: FullConfig,
    pool: WorkerPool,
    instances: number,
    drift: DriftMonitor | undefined,
    { observer, traceBatch, budget }: ServingOptions,
  ) {
    this.#source = source;
    this.config = config;
    this.#pool = pool;
    this.#observer = observer;
    this.#drift = drift;
    const policy = batchPolicy(config, instances);
    const { model, version } = source;
    const batcher = new Batcher(pool, policy, (batch) => {
      const record = { model, version, ...batch };
      observer.batch(record);
      traceBatch?.(record);
    });
    this.#scheduler = new Scheduler(model, batcher, policy, budget);
  }

  get version(): string {
    return this.#source.version;
  }

  get ready(): boolean {
    return !this.#closed && this.#pool.ready;
  }

  /** What computes it, and why. */
  get engine(): ChosenEngine {
    return this.#pool.model.engine;
  }

  /** Process ids of its workers. */
  get pids(): readonly number[] {
    return this.#pool.pids;
  }

  /** Of the model file. */
  get path(): string {
    return this.#source.path;
  }

  /** Names in label order, where the configuration or the file has them. */
  get classes(): readonly string[] | undefined {
    return this.#source.labels.probabilities ?? this.#pool.model.classes;
  }

  /** How far what came in lies from the validation data; undefined for a file without a calibration. */
  get drift(): DriftReport | undefined {
    return this.#drift?.report();
  }

  get pending(): number {
    return this.#scheduler.pending;
  }

  get pendingBytes(): number {
    return this.#scheduler.pendingBytes;
  }

  get metadata(): Omit<ModelMetadata, 'versions'> {
    const { inputs, outputs } = this.#pool.model;
    return { name: this.#source.model, platform: this.config.platform, inputs, outputs };
  }

  /** @throws ServiceError queue-full where there is no room for a request of so many bytes; it counts as one that was refused */
  checkRoom(bytes: number): void {
    const full = this.#scheduler.fullFor(bytes);
    if (full === undefined) return;
    this.#record({}, 'queue-full', performance.now(), 1);
    throw full;
  }

  async infer(request: InferRequest, context: CallContext): Promise<InferResponse> {
    if (this.#closed) throw new ServiceError('unavailable', `model '${this.#source.model}' is not ready`, { retryAfter: 1 });
    const started = performance.now();
    const work = this.#infer(request, context);
    this.#active.add(work);
    try {
      const { response, result, rows } = await work;
      this.#record(context, 'success', started, rows, result);
      return response;
    } catch (error) {
      this.#record(context, explain(error).reason, started, 1);
      throw error;
    } finally {
      this.#active.delete(work);
    }
  }

  /** Takes no new requests, waits for those it has, and ends its processes. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.allSettled(this.#active);
    await this.#pool.close();
  }

  /** Ends its processes at once; requests fail. */
  kill(): void {
    this.#pool.kill();
  }

  async #infer(request: InferRequest, { signal, deadline, span }: CallContext) {
    const { model, version } = this.#source;
    checkParameters(request.parameters);
    const rows = checkRequest(request, { name: model, ...this.#pool.model, maxBatchSize: this.config.max_batch_size });
    const result = await this.#scheduler.submit({
      inputs: request.inputs,
      outputs: request.outputs.map(({ name }) => name),
      parameters: request.parameters,
      rows,
      ...(signal && { signal }),
      ...(deadline !== undefined && { deadline }),
      ...(span && { span }),
    });
    this.#observer.answered(model, version, result.tensors);
    const outputs = this.#outputs(request, result.tensors);
    const response: InferResponse = { model, version, ...(request.id !== undefined && { id: request.id }), outputs };
    return { response, result, rows };
  }

  /** In the order asked for, as numbers or as classes. */
  #outputs({ outputs }: InferRequest, tensors: readonly RawTensor[]): readonly RawTensor[] {
    if (outputs.length === 0) return tensors;
    return outputs.map(({ name, classification }) => {
      const tensor = tensors.find((candidate) => candidate.name === name);
      if (tensor === undefined) throw new ServiceError('failed', `model '${this.#source.model}' gave no output '${name}'`);
      if (classification === undefined) return tensor;
      const labels = this.#source.labels[name] ?? this.#pool.model.classes;
      return classify(tensor, classification, this.config.max_batch_size > 0, labels);
    });
  }

  #record(context: CallContext, outcome: RequestRecord['outcome'], started: number, rows: number, result?: TaskResult): void {
    const { model, version } = this.#source;
    const times = result?.times ?? { computeInputNs: 0, computeInferNs: 0, computeOutputNs: 0 };
    const totalNs = (performance.now() - started) * 1e6;
    const record = { model, version, outcome, rows, totalNs, queueNs: (result?.queueMs ?? 0) * 1e6, ...times };
    this.#observer.request(record);
    context.timed?.(record);
  }
}

/** A configuration that asks for GPUs asks for the engine that runs there. */
const engineFor = (engine: EngineName, groups: readonly InstanceGroup[] = []): EngineName =>
  engine === 'auto' && groups.some(({ kind }) => kind === 'KIND_GPU') ? 'onnxruntime-cuda' : engine;
