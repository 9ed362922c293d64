// One child process with one loaded model, seen from the server: it is given a batch, and gives tensors back. It knows nothing of
// queues or restarts (pool.ts does).

import type { ChildProcess } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { SparseError } from '@freetickets/sparse-core';
import { cannotLoad } from '../model.ts';
import type { Parameters, RawTensor } from '../protocol/raw-tensor.ts';
import { ServiceError } from '../service-error.ts';
import type { Counts } from '../uncertainty/drift.ts';
import { encodeFrame, type Frame, FrameReader, framedTensors, type OutgoingTensor } from './frame.ts';
import type { ComputeTimes, ModelFacts, OpenHeader, ReplyHeader, WorkerSpec } from './messages.ts';
import { type BlankProcess, startBlank } from './spares.ts';

export interface Batch {
  readonly inputs: readonly OutgoingTensor[];
  readonly outputs: readonly string[];
  readonly parameters: Parameters;
  readonly budgetMs?: number;
}

export interface BatchResult {
  readonly tensors: readonly RawTensor[];
  readonly times: ComputeTimes;
  /** For drift: this batch, in bins. */
  readonly counts?: Counts;
}

/** The process ended while it computed: the batch may be given to another. */
export class WorkerLost extends Error {
  override readonly name = 'WorkerLost';
}

interface Waiting {
  resolve(result: BatchResult): void;
  reject(error: Error): void;
}

export class WorkerProcess {
  readonly model: ModelFacts;
  /** How the process ended; never rejects. */
  readonly ended: Promise<string>;
  readonly #child: ChildProcess;
  readonly #socket: Duplex;
  #waiting: Waiting | undefined;

  /** Resolves when the model is loaded. @throws SparseError MISSING_FILE, BAD_FILE or RUNTIME_UNAVAILABLE */
  static async start(spec: WorkerSpec, blank: BlankProcess = startBlank()): Promise<WorkerProcess> {
    const { child, socket, ended } = blank;
    const open: Omit<OpenHeader, 'tensors'> = { spec };
    for (const buffer of encodeFrame(open, [])) socket.write(buffer);
    let worker: WorkerProcess | undefined;
    const ready = new Promise<ModelFacts>((resolve, reject) => {
      const reader = new FrameReader<ReplyHeader>((frame) => {
        if (worker) worker.#receive(frame);
        else if (frame.header.kind === 'ready') resolve(frame.header.model);
        else if (frame.header.kind === 'failed') reject(asThrown(frame.header));
      });
      socket.on('data', (chunk: Buffer) => reader.push(chunk));
      ended.then((how) => reject(cannotLoad(spec.path, new Error(`${how} of the process while it loaded it`))));
    });
    try {
      worker = new WorkerProcess(child, socket, await ready, ended);
      return worker;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  private constructor(child: ChildProcess, socket: Duplex, model: ModelFacts, ended: Promise<string>) {
    this.#child = child;
    this.#socket = socket;
    this.model = model;
    this.ended = ended;
    ended.then((how) => this.#waiting?.reject(new WorkerLost(how)));
  }

  get pid(): number {
    return this.#child.pid!;
  }

  /** Computes one batch; one at a time. @throws WorkerLost; SparseError or ServiceError when the request or the model is at fault */
  run({ inputs, ...header }: Batch): Promise<BatchResult> {
    return new Promise<BatchResult>((resolve, reject) => {
      this.#waiting = { resolve, reject };
      this.#socket.cork();
      for (const buffer of encodeFrame(header, inputs)) this.#socket.write(buffer);
      this.#socket.uncork();
    });
  }

  /** Ends the process; what it still computes is lost. */
  async close(): Promise<void> {
    this.#socket.end();
    this.#socket.destroy();
    await this.ended;
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #receive(frame: Frame<ReplyHeader>): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    const { header } = frame;
    if (header.kind === 'result')
      waiting?.resolve({ tensors: framedTensors(frame), times: header.times, ...(header.counts && { counts: header.counts }) });
    else if (header.kind === 'invalid') waiting?.reject(new ServiceError('invalid', withoutPaths(header.reason)));
    else if (header.kind === 'error') waiting?.reject(new ServiceError('failed', withoutPaths(header.reason)));
  }
}

const asThrown = ({ code, at, expected, received, hint }: Extract<ReplyHeader, { kind: 'failed' }>): SparseError =>
  new SparseError(code, at, expected, new Error(received), hint);

/** onnxruntime's messages name files of the machine that built it and of this one; neither is the client's business. */
const withoutPaths = (reason: string): string => reason.replace(/(?:\/[\w.+-]+){2,}(?::\d+)?/g, '...');
