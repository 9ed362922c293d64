// Puts waiting requests together to batches and gives them to idle workers. It decides what runs next and when; how it is computed
// is the pool's business, and what a request means was settled before it came here.

import type { BatchRecord } from '../observability/observer.ts';
import { sliceRows } from '../protocol/rows.ts';
import { ServiceError } from '../service-error.ts';
import type { WorkerPool } from '../workers/pool.ts';
import { type BatchResult, WorkerLost } from '../workers/worker-process.ts';
import type { BatchPolicy } from './batch-policy.ts';
import type { Work } from './work.ts';
import { WorkQueue } from './work-queue.ts';

/** Told of every run. */
export type OnBatch = (batch: Omit<BatchRecord, 'model' | 'version'>) => void;

const maxAutoDelayMs = 2;
/** Weight of the newest run in the mean of their durations. */
const smoothing = 0.1;

export class Batcher {
  readonly #pool: WorkerPool;
  readonly #policy: BatchPolicy;
  readonly #onBatch: OnBatch;
  readonly #queue: WorkQueue;
  #meanRunMs = 0;
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  #lastAnswer: Promise<unknown> = Promise.resolve();

  constructor(pool: WorkerPool, policy: BatchPolicy, onBatch: OnBatch) {
    this.#pool = pool;
    this.#policy = policy;
    this.#onBatch = onBatch;
    const held = policy.maxDelayMs === 'auto' ? maxAutoDelayMs : policy.maxDelayMs;
    this.#queue = new WorkQueue(policy.priorities, 10 * Math.max(1, held));
    pool.onChange = () => this.pump();
  }

  /** How many wait. */
  get waiting(): number {
    return this.#queue.size;
  }

  add(work: Work): void {
    this.#queue.push(work);
    this.pump();
  }

  /** Takes work out of the queue. Whether it still waited. */
  remove(work: Work): boolean {
    return this.#queue.remove(work);
  }

  postpone(work: Work): void {
    this.#queue.postpone(work);
  }

  /** Gives batches to idle workers as long as there are both. */
  pump(): void {
    if (!this.#pool.ready) return void this.#refuseAll();
    while (this.#pool.hasIdle && this.#queue.size > 0) {
      const now = performance.now();
      const { batch, holdMs } = this.#next(now);
      if (holdMs > 0) {
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.pump();
        }, holdMs);
        return;
      }
      for (const work of batch) {
        this.#queue.remove(work);
        work.startedAt = now;
      }
      this.#answer(batch, this.#run(batch, now));
    }
  }

  /** The batch that is next, and how long it had better wait for more. */
  #next(now: number): { readonly batch: readonly Work[]; readonly holdMs: number } {
    const { maxBatchSize, preferredSizes } = this.#policy;
    const batch: Work[] = [];
    let rows = 0;
    let preferred = 0;
    let full = false;
    for (const work of this.#queue.inOrder(now)) {
      if (batch.length > 0 && work.key !== batch[0]!.key) continue;
      full = batch.length > 0 && (rows + work.rows > maxBatchSize || work.retried);
      if (full) break;
      batch.push(work);
      rows += work.rows;
      if (preferredSizes.includes(rows)) preferred = batch.length;
      full = rows >= maxBatchSize || work.retried;
      if (full) break;
    }
    if (preferred > 0) return { batch: batch.slice(0, preferred), holdMs: 0 };
    if (full) return { batch, holdMs: 0 };
    const oldest = batch.reduce((least, { enqueuedAt }) => Math.min(least, enqueuedAt), now);
    return { batch, holdMs: this.#delayMs() - (now - oldest) };
  }

  #delayMs(): number {
    const { maxDelayMs } = this.#policy;
    if (maxDelayMs !== 'auto') return maxDelayMs;
    return this.#running === 0 ? 0 : Math.min(maxAutoDelayMs, this.#meanRunMs / 4);
  }

  async #run(batch: readonly Work[], now: number): Promise<BatchResult> {
    const [first] = batch;
    const deadlines = batch.flatMap(({ deadline }) => (deadline === undefined ? [] : [deadline]));
    const inputs = first!.inputs.map((input) => {
      const pieces = batch.map((work) => work.inputs.find(({ name }) => name === input.name)!);
      const rows = pieces.reduce((sum, { shape }) => sum + (shape[0] ?? 0), 0);
      const shape = batch.length === 1 ? input.shape : [rows, ...input.shape.slice(1)];
      return { name: input.name, datatype: input.datatype, shape, pieces: pieces.map(({ bytes }) => bytes) };
    });
    this.#running++;
    try {
      const result = await this.#pool.run({
        inputs,
        outputs: first!.outputs,
        parameters: first!.parameters,
        ...(deadlines.length > 0 && { budgetMs: Math.min(...deadlines) - now }),
      });
      const runMs = performance.now() - now;
      this.#meanRunMs = this.#meanRunMs === 0 ? runMs : this.#meanRunMs + smoothing * (runMs - this.#meanRunMs);
      const rows = batch.reduce((sum, work) => sum + work.rows, 0);
      const spans = batch.flatMap(({ span }) => span ?? []);
      this.#onBatch({ rows, requests: batch.length, spans, totalNs: runMs * 1e6, ...result.times });
      return result;
    } finally {
      this.#running--;
    }
  }

  /** Hands each request its rows when the run is over, in the order of the runs where that was asked for. */
  #answer(batch: readonly Work[], run: Promise<BatchResult>): void {
    const previous = this.#policy.preserveOrdering ? this.#lastAnswer : undefined;
    const settled = run.then(
      async (result) => {
        await previous;
        hand(batch, result);
      },
      async (error: Error) => {
        if (!(error instanceof WorkerLost)) await previous;
        this.#fail(batch, error);
      },
    );
    if (this.#policy.preserveOrdering) this.#lastAnswer = settled;
  }

  /** What died or failed with others is run once more, alone: one bad request costs the others a moment, not their answer. */
  #fail(batch: readonly Work[], error: Error): void {
    const lost = error instanceof WorkerLost;
    for (const work of batch) {
      if (!work.retried && (lost || batch.length > 1)) {
        work.retried = true;
        this.#queue.push(work);
      } else work.reject(lost ? new ServiceError('failed', `the model's process ended (${error.message}) on this request, twice`) : error);
    }
    this.pump();
  }

  #refuseAll(): void {
    for (const work of this.#queue.clear())
      work.reject(new ServiceError('unavailable', "the model's process does not start", { retryAfter: 1 }));
  }
}

function hand(batch: readonly Work[], { tensors, times }: BatchResult): void {
  if (batch.length === 1) return void batch[0]!.resolve({ tensors, times });
  const total = batch.reduce((sum, { rows }) => sum + rows, 0);
  const odd = tensors.find(({ shape }) => shape[0] !== total);
  let from = 0;
  for (const work of batch) {
    const start = from;
    from += work.rows;
    if (odd) work.reject(new ServiceError('failed', `output '${odd.name}' has ${odd.shape[0]} rows for a batch of ${total}`));
    else work.resolve({ tensors: tensors.map((tensor) => sliceRows(tensor, start, work.rows)), times });
  }
}
