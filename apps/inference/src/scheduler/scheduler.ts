// From one request to its answer: lets it into the queue or refuses it, cuts it where it is larger than a batch may be, takes it out
// again when its caller leaves or its time is over, and puts the pieces of its answer together.

import type { Parameters, RawTensor } from '../protocol/raw-tensor.ts';
import { joinRows, sliceRows } from '../protocol/rows.ts';
import type { SpanReference } from '../service.ts';
import { ServiceError } from '../service-error.ts';
import type { BatchPolicy } from './batch-policy.ts';
import type { Batcher } from './batcher.ts';
import type { ByteBudget } from './byte-budget.ts';
import { batchKey, type Work, type WorkResult } from './work.ts';

export interface Task {
  readonly inputs: readonly RawTensor[];
  readonly outputs: readonly string[];
  readonly parameters: Parameters;
  readonly rows: number;
  readonly signal?: AbortSignal;
  readonly deadline?: number;
  readonly span?: SpanReference;
}

export interface TaskResult extends WorkResult {
  readonly queueMs: number;
}

/** Parameters that are for the scheduler: they neither part batches nor reach the model. */
const ownParameters = ['priority', 'timeout', 'deadline_us', 'triton_enable_empty_final_response'];

export class Scheduler {
  readonly #batcher: Batcher;
  readonly #policy: BatchPolicy;
  readonly #budget: ByteBudget;
  // One of each, made beforehand: where most requests are refused, a stack trace for each would be most of the work.
  readonly #queueFull: ServiceError;
  readonly #bytesFull = queueFull('the server keeps as many bytes of requests waiting as it may');
  #pending = 0;
  #pendingBytes = 0;

  constructor(name: string, batcher: Batcher, policy: BatchPolicy, budget: ByteBudget) {
    this.#queueFull = queueFull(`model '${name}': Exceeds maximum queue size`);
    this.#batcher = batcher;
    this.#policy = policy;
    this.#budget = budget;
  }

  /** Requests that wait or run, and their bytes. */
  get pending(): number {
    return this.#pending;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** Why a request of so many bytes would be refused whatever its priority; undefined where it might not be. */
  fullFor(bytes: number): ServiceError | undefined {
    if (this.#batcher.waiting >= this.#policy.largestQueue) return this.#queueFull;
    return this.#budget.fits(bytes) ? undefined : this.#bytesFull;
  }

  /** @throws ServiceError queue-full, timeout, cancelled, unavailable, failed; what the model says of the request */
  async submit(task: Task): Promise<TaskResult> {
    const level = this.#level(task.parameters);
    const queue = this.#policy.queue(level);
    if (this.#batcher.waiting >= queue.max_queue_size) throw this.#queueFull;
    const bytes = task.inputs.reduce((sum, input) => sum + input.bytes.byteLength, 0);
    if (!this.#budget.take(bytes)) throw this.#bytesFull;
    this.#pending++;
    this.#pendingBytes += bytes;
    try {
      return await this.#run(task, level, queue.timeout_action);
    } finally {
      this.#pending--;
      this.#pendingBytes -= bytes;
      this.#budget.give(bytes);
    }
  }

  async #run(task: Task, level: number, onTimeout: 'REJECT' | 'DELAY'): Promise<TaskResult> {
    if (task.signal?.aborted) throw cancelled();
    const enqueuedAt = performance.now();
    const budgetMs = Number(task.parameters.deadline_us ?? Number.POSITIVE_INFINITY) / 1000;
    const deadline = Math.min(task.deadline ?? Number.POSITIVE_INFINITY, enqueuedAt + budgetMs);
    const parameters = withoutOwn(task.parameters);
    const traced = task.span && { span: task.span };
    const shared = { outputs: task.outputs, parameters, key: batchKey({ ...task, parameters }), level, enqueuedAt, ...traced };
    const works: Work[] = [];
    const pieces = this.#cut(task).map(
      (piece) =>
        new Promise<WorkResult>((resolve, reject) => {
          works.push({ ...piece, ...shared, retried: false, resolve, reject, ...(Number.isFinite(deadline) && { deadline }) });
        }),
    );
    const answer = Promise.all(pieces);
    const timeoutMs = this.#timeoutMs(task.parameters, level);
    const forget = this.#watch(task.signal, works, timeoutMs, deadline - enqueuedAt, onTimeout);
    for (const work of works) this.#batcher.add(work);
    try {
      return merge(await answer, works);
    } finally {
      forget();
      if (works.length > 1) for (const work of works) this.#batcher.remove(work); // one piece failed: the others are of no use
    }
  }

  /** Takes work out of the queue when its caller leaves or its time is over; what runs already is left to run. Returns how to stop that. */
  #watch(signal: AbortSignal | undefined, works: readonly Work[], timeoutMs: number, deadlineMs: number, onTimeout: string): () => void {
    const stop = (reason: ServiceError) => {
      for (const work of works) {
        this.#batcher.remove(work);
        work.reject(reason);
      }
    };
    const waits = () => works.some(({ startedAt }) => startedAt === undefined);
    const expire = () => waits() && stop(new ServiceError('timeout', 'Request timeout expired'));
    const postpone = () => {
      for (const work of works) if (work.startedAt === undefined) this.#batcher.postpone(work);
    };
    const timers = [onTimeout === 'DELAY' ? after(timeoutMs, postpone) : after(timeoutMs, expire), after(deadlineMs, expire)];
    const onAbort = () => stop(cancelled());
    signal?.addEventListener('abort', onAbort, { once: true });
    return () => {
      for (const timer of timers) clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    };
  }

  /** The pieces of a request; one, unless it has more rows than a batch may have. */
  #cut({ inputs, rows }: Task): readonly Pick<Work, 'inputs' | 'rows'>[] {
    const most = this.#policy.maxBatchSize;
    if (most === 0 || rows <= most) return [{ inputs, rows }];
    return Array.from({ length: Math.ceil(rows / most) }, (_, i) => {
      const count = Math.min(most, rows - i * most);
      return { inputs: inputs.map((input) => sliceRows(input, i * most, count)), rows: count };
    });
  }

  #level({ priority = 0 }: Parameters): number {
    const level = Number(priority);
    return Number.isInteger(level) && level >= 1 && level <= this.#policy.priorities ? level : this.#policy.defaultPriority;
  }

  #timeoutMs({ timeout = 0 }: Parameters, level: number): number {
    const { default_timeout_microseconds: own, allow_timeout_override: allowed } = this.#policy.queue(level);
    const asked = allowed && Number(timeout) > 0 ? Number(timeout) : Number.POSITIVE_INFINITY;
    return Math.min(asked, own || Number.POSITIVE_INFINITY) / 1000;
  }
}

function merge(results: readonly WorkResult[], works: readonly Work[]): TaskResult {
  const [first, last] = [results[0]!, results.at(-1)!];
  const queueMs = Math.max(0, (works[0]!.startedAt ?? works[0]!.enqueuedAt) - works[0]!.enqueuedAt);
  if (results.length === 1) return { ...first, queueMs };
  const tensors = first.tensors.map((_, i) => joinRows(results.map((result) => result.tensors[i]!)));
  return { tensors, times: last.times, queueMs };
}

function withoutOwn(parameters: Parameters): Parameters {
  if (!ownParameters.some((name) => name in parameters)) return parameters;
  const others = Object.fromEntries(Object.entries(parameters).filter(([name]) => !ownParameters.includes(name)));
  return parameters.deadline_us === undefined ? others : { ...others, anytime: true }; // how long is in the budget of each batch
}

const after = (ms: number, act: () => void): NodeJS.Timeout | undefined => (ms < 2 ** 31 ? setTimeout(act, Math.max(0, ms)) : undefined); // Node's timers go no further, about 25 days
const queueFull = (message: string): ServiceError => new ServiceError('queue-full', message, { retryAfter: 1 });
const cancelled = (): ServiceError => new ServiceError('cancelled', 'the caller went away');
