// The worker processes of one model version: as many as its instances, each started again when it ends, at growing intervals. The
// scheduler takes an idle one, gives it a batch, and is told when the next one is free.

import { setTimeout as delay } from 'node:timers/promises';
import type { Counts } from '../uncertainty/drift.ts';
import type { ModelFacts, WorkerSpec } from './messages.ts';
import type { Spares } from './spares.ts';
import { type Batch, type BatchResult, WorkerProcess } from './worker-process.ts';

export interface PoolOptions {
  readonly spec: WorkerSpec;
  readonly instances: number;
  /** Where processes are taken from; without, each is started when it is needed. */
  readonly spares?: Spares;
  /** A batch that takes longer ends its process; default 60 000. */
  readonly runTimeoutMs?: number;
  /** Pause before the second restart in a row (the first is immediate); it doubles from there up to 30 s. Default 250. */
  readonly restartDelayMs?: number;
  /** Told when a process ends unasked or does not start. */
  readonly warn: (message: string) => void;
  readonly onRestart?: () => void;
  /** Told what each batch adds to the histograms that drift is seen by. */
  readonly onCounts?: (counts: Counts) => void;
}

/** Failures in a row during which requests wait for the restart; after more they are refused at once. */
const patience = 3;
const maxRestartDelayMs = 30_000;

export class WorkerPool {
  readonly model: ModelFacts;
  readonly #options: PoolOptions;
  readonly #idle: WorkerProcess[] = [];
  readonly #alive = new Set<WorkerProcess>();
  readonly #closing = new AbortController();
  readonly #restarts = new Set<Promise<void>>();
  #failures = 0;
  /** Called whenever a worker becomes idle, and when all hope of one is lost. */
  onChange: () => void = () => {};

  /** Resolves when every instance has loaded the model. @throws SparseError MISSING_FILE or BAD_FILE when one cannot */
  static async start(options: PoolOptions): Promise<WorkerPool> {
    const starts = await Promise.allSettled(Array.from({ length: options.instances }, () => startWorker(options)));
    const workers = starts.filter((start) => start.status === 'fulfilled').map(({ value }) => value);
    const failed = starts.find((start) => start.status === 'rejected');
    if (!failed) return new WorkerPool(options, workers);
    await Promise.all(workers.map((worker) => worker.close()));
    throw failed.reason;
  }

  private constructor(options: PoolOptions, workers: readonly WorkerProcess[]) {
    this.#options = options;
    this.model = workers[0]!.model;
    for (const worker of workers) this.#add(worker);
  }

  /** Whether a worker is there, or will soon be. */
  get ready(): boolean {
    return !this.#closing.signal.aborted && (this.#alive.size > 0 || this.#failures <= patience);
  }

  get hasIdle(): boolean {
    return this.#idle.length > 0;
  }

  get pids(): readonly number[] {
    return [...this.#alive].map(({ pid }) => pid);
  }

  /** Computes a batch on an idle worker; call it only while `hasIdle`. @throws as `WorkerProcess.run` */
  async run(batch: Batch): Promise<BatchResult> {
    const worker = this.#idle.shift()!;
    const limit = setTimeout(() => worker.kill(), this.#options.runTimeoutMs ?? 60_000);
    try {
      const result = await worker.run(batch);
      if (result.counts) this.#options.onCounts?.(result.counts);
      return result;
    } finally {
      clearTimeout(limit);
      if (this.#alive.has(worker)) {
        this.#failures = 0;
        this.#idle.push(worker);
        // After those who wait for this result have taken it.
        setImmediate(() => this.onChange());
      }
    }
  }

  /** Ends the processes; call it when no batch is running any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#restarts);
    await Promise.all([...this.#alive].map((worker) => worker.close()));
  }

  kill(): void {
    this.#closing.abort();
    for (const worker of this.#alive) worker.kill();
  }

  #add(worker: WorkerProcess): void {
    this.#alive.add(worker);
    this.#idle.push(worker);
    worker.ended.then((how) => this.#onEnd(worker, how));
  }

  #onEnd(worker: WorkerProcess, how: string): void {
    this.#alive.delete(worker);
    const at = this.#idle.indexOf(worker);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#closing.signal.aborted) return;
    this.#options.warn(`${this.#options.spec.path}: its process ended (${how}); starting it again`);
    const restart = this.#restart().finally(() => this.#restarts.delete(restart));
    this.#restarts.add(restart);
  }

  /** Tries until a worker is there or the pool closes; never rejects. */
  async #restart(): Promise<void> {
    const { spec, warn, onRestart, restartDelayMs = 250 } = this.#options;
    for (;;) {
      this.#failures++;
      this.onChange();
      const pause = this.#failures === 1 ? 0 : Math.min(maxRestartDelayMs, restartDelayMs * 2 ** (this.#failures - 2));
      await delay(pause, undefined, { signal: this.#closing.signal }).catch(() => {});
      if (this.#closing.signal.aborted) return;
      try {
        this.#add(await startWorker(this.#options));
        onRestart?.();
        return void this.onChange();
      } catch (error) {
        warn(`${spec.path} did not start: ${(error as Error).message}`);
      }
    }
  }
}

async function startWorker({ spec, spares }: PoolOptions): Promise<WorkerProcess> {
  try {
    return await WorkerProcess.start(spec, spares?.take());
  } finally {
    spares?.replace();
  }
}
