// One unit of work in the queue: a request, or a piece of one that is larger than a batch may be.

import type { Parameters, RawTensor } from '../protocol/raw-tensor.ts';
import type { SpanReference } from '../service.ts';
import type { ComputeTimes } from '../workers/messages.ts';

export interface Work {
  readonly inputs: readonly RawTensor[];
  /** Empty: what the model gives by default. */
  readonly outputs: readonly string[];
  readonly parameters: Parameters;
  /** Rows of the batch dimension; 1 where the model has none. */
  readonly rows: number;
  /** Only work of equal keys may share a batch: same outputs, parameters, datatypes and shapes but for the first dimension. */
  readonly key: string;
  /** 1 goes first. */
  readonly level: number;
  /** Moments on the clock of `performance.now()`. */
  readonly enqueuedAt: number;
  /** When the caller stops waiting. */
  readonly deadline?: number;
  /** Of the request, where it is traced. */
  readonly span?: SpanReference;
  startedAt?: number;
  /** Its first run failed; the second is its own, so that what kills workers takes nobody along. */
  retried: boolean;
  resolve(result: WorkResult): void;
  reject(error: Error): void;
}

export interface WorkResult {
  readonly tensors: readonly RawTensor[];
  readonly times: ComputeTimes;
}

/** The key of `Work`. */
export function batchKey({ inputs, outputs, parameters }: Pick<Work, 'inputs' | 'outputs' | 'parameters'>): string {
  const shapes = inputs.map(({ name, datatype, shape }) => `${name} ${datatype} ${shape.slice(1)}`).sort();
  return JSON.stringify([shapes, outputs, parameters]);
}
