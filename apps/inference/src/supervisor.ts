// Keeps one child process per model, which holds the onnxruntime session (worker.ts), so that neither a slow model nor a crash in
// native code stops the server from answering. A child that dies fails the requests it had and is started again, at growing
// intervals; after several deaths in a row without an answer in between, the model counts as not ready until a start succeeds.

import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { httpError } from './http-error.ts';
import { cannotLoad, checkModelFile } from './model.ts';
import type { Signature, Tensor, TensorInfo } from './tensor.ts';
import type { ReplyFrame, RequestFrame } from './worker.ts';

export interface ProcessOptions {
  readonly threads: number;
  /** Requests that may wait or run at a time; one more is refused with 429. */
  readonly maxPending: number;
  /** Pause before the second restart in a row (the first is immediate); it doubles from there up to 30 s. */
  readonly restartDelayMs?: number;
  /** Told when the child ends or does not start. */
  readonly warn: (message: string) => void;
}

interface Pending {
  resolve(outputs: Record<string, Tensor>): void;
  reject(error: Error): void;
}

// Node 20 cannot run the TypeScript source, so a supervisor that runs from src/ (under vitest) starts the built worker.
const workerFile = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../dist/worker.js' : './worker.js', import.meta.url));
/** Failures in a row during which requests wait for the restart; after more they are refused at once. */
const patience = 3;
const maxRestartDelayMs = 30_000;

/** A model in a child process of its own. */
export class ModelProcess {
  readonly name: string;
  readonly #path: string;
  readonly #options: ProcessOptions;
  readonly #pending = new Map<number, Pending>();
  readonly #work = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  #signature: Signature = { inputs: [], outputs: [] };
  #child: ChildProcess | undefined;
  #nextAttempt: Promise<void> = Promise.resolve();
  #failures = 0;
  #lastId = 0;

  /** Resolves when the model is loaded. @throws SparseError MISSING_FILE or BAD_FILE when it cannot be */
  static async start(name: string, path: string, options: ProcessOptions): Promise<ModelProcess> {
    await checkModelFile(path);
    const model = new ModelProcess(name, path, options);
    await model.#start();
    return model;
  }

  private constructor(name: string, path: string, options: ProcessOptions) {
    this.name = name;
    this.#path = path;
    this.#options = options;
  }

  get inputs(): readonly TensorInfo[] {
    return this.#signature.inputs;
  }

  get outputs(): readonly TensorInfo[] {
    return this.#signature.outputs;
  }

  /** Whether a loaded child is there to answer. */
  get ready(): boolean {
    return this.#child !== undefined && !this.#closing.signal.aborted;
  }

  /** The child's process id while there is one. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Requests that wait or run. */
  get pending(): number {
    return this.#work.size;
  }

  /**
   * Computes the named outputs.
   *
   * @throws HttpError 429 when too many requests are pending, 503 when the model is away, 500 when it failed on this request
   */
  infer(feeds: RequestFrame['feeds'], outputs: readonly string[]): Promise<Record<string, Tensor>> {
    if (this.#work.size >= this.#options.maxPending) {
      return Promise.reject(
        httpError(429, `model '${this.name}': expected at most ${this.#options.maxPending} pending requests, received one more`, {
          'retry-after': '1',
        }),
      );
    }
    const work = this.#infer(feeds, outputs).finally(() => this.#work.delete(work));
    this.#work.add(work);
    return work;
  }

  /** Refuses new requests, lets the pending ones finish, then ends the child. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#work);
    await this.#nextAttempt;
    const child = this.#child;
    if (child === undefined) return;
    await new Promise((resolve) => {
      child.once('exit', resolve);
      if (child.connected) child.disconnect();
    });
  }

  /** Ends the child at once; pending requests fail. */
  kill(): void {
    this.#child?.kill('SIGKILL');
  }

  async #infer(feeds: RequestFrame['feeds'], outputs: readonly string[]): Promise<Record<string, Tensor>> {
    while (this.#child === undefined && this.#failures <= patience && !this.#closing.signal.aborted) await this.#nextAttempt;
    const child = this.#child;
    if (child === undefined || this.#closing.signal.aborted)
      throw httpError(503, `model '${this.name}' is not ready`, { 'retry-after': '1' });
    const id = ++this.#lastId;
    const answer = await new Promise<Record<string, Tensor>>((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      // A send fails only when the child is gone; its exit then fails the request.
      child.send({ id, feeds, outputs } satisfies RequestFrame, () => {});
    });
    this.#failures = 0;
    return answer;
  }

  async #start(): Promise<void> {
    const { child, signature } = await startChild(this.#path, this.#options.threads);
    this.#signature = signature;
    this.#child = child;
    child.on('message', (frame: ReplyFrame) => this.#settle(frame));
    child.once('exit', (code, signal) => this.#onExit(ending(code, signal)));
  }

  #settle(frame: ReplyFrame): void {
    if (frame.kind !== 'result' && frame.kind !== 'error') return;
    const pending = this.#pending.get(frame.id);
    this.#pending.delete(frame.id);
    if (frame.kind === 'result') pending?.resolve(frame.outputs);
    else pending?.reject(httpError(500, `model '${this.name}' failed: ${withoutPaths(frame.reason)}`));
  }

  #onExit(how: string): void {
    this.#child = undefined;
    for (const { reject } of this.#pending.values()) {
      reject(httpError(500, `model '${this.name}': its process ended (${how}) before it answered; send the request again`));
    }
    this.#pending.clear();
    if (this.#closing.signal.aborted) return;
    this.#options.warn(`model '${this.name}': its process ended (${how}); starting it again`);
    this.#restart();
  }

  #restart(): void {
    this.#failures++;
    const base = this.#options.restartDelayMs ?? 250;
    const pause = this.#failures === 1 ? 0 : Math.min(maxRestartDelayMs, base * 2 ** (this.#failures - 2));
    this.#nextAttempt = this.#attempt(pause);
  }

  /** Never rejects: a failed attempt arranges the next one. */
  async #attempt(pauseMs: number): Promise<void> {
    await delay(pauseMs, undefined, { signal: this.#closing.signal }).catch(() => {});
    if (this.#closing.signal.aborted) return;
    try {
      await this.#start();
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#options.warn(`model '${this.name}' did not start: ${(error as Error).message}`);
      this.#restart();
    }
  }
}

/** Forks the worker and waits for its first frame. */
async function startChild(path: string, threads: number): Promise<{ child: ChildProcess; signature: Signature }> {
  const child = fork(workerFile, [path, String(threads)], {
    serialization: 'advanced', // typed arrays cross as bytes
    execArgv: [], // the parent's debugger port or loader is not the child's
    stdio: ['ignore', 2, 2, 'ipc'], // whatever native code prints is talk, so stderr
  });
  return new Promise((resolve, reject) => {
    child.on('error', (error) => reject(cannotLoad(path, error)));
    child.once('exit', (code, signal) => reject(cannotLoad(path, new Error(`${ending(code, signal)} of the process while it loaded it`))));
    child.once('message', (frame: ReplyFrame) => {
      if (frame.kind === 'ready') return resolve({ child, signature: frame.signature });
      child.disconnect();
      return reject(cannotLoad(path, new Error(frame.kind === 'failed' ? frame.reason : frame.kind)));
    });
  });
}

const ending = (code: number | null, signal: NodeJS.Signals | null): string => (signal ? `signal ${signal}` : `exit code ${code}`);

/** onnxruntime's messages name files of the machine that built it and of this one; neither is the client's business. */
const withoutPaths = (reason: string): string => reason.replace(/(?:\/[\w.+-]+){2,}(?::\d+)?/g, '...');
