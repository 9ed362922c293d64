// The headers of the frames between the server and a worker process.

import type { SparseError } from '@freetickets/sparse-core';
import type { ChosenEngine, EngineName } from '../engines/engine.ts';
import type { Parameters } from '../protocol/raw-tensor.ts';
import type { Signature } from '../tensor.ts';
import type { Counts, References } from '../uncertainty/drift.ts';
import type { TensorHead } from './frame.ts';

/** To the worker, first of all: the model to load. */
export interface OpenHeader {
  readonly spec: WorkerSpec;
  readonly tensors: readonly TensorHead[];
}

export interface WorkerSpec {
  readonly path: string;
  readonly engine: EngineName;
  readonly threads: number;
}

/** To the worker: compute one batch. */
export interface RunHeader {
  readonly outputs: readonly string[];
  readonly parameters: Parameters;
  readonly budgetMs?: number;
  readonly tensors: readonly TensorHead[];
}

/** What the three steps of a batch took. */
export interface ComputeTimes {
  readonly computeInputNs: number;
  readonly computeInferNs: number;
  readonly computeOutputNs: number;
}

/** From the worker: first `ready` or `failed`, then one `result`, `invalid` or `error` for each batch. */
export type ReplyHeader = { readonly tensors: readonly TensorHead[] } & (
  | { readonly kind: 'ready'; readonly model: ModelFacts }
  | ({ readonly kind: 'failed' } & Pick<SparseError, 'code' | 'at' | 'expected' | 'received' | 'hint'>)
  | { readonly kind: 'result'; readonly times: ComputeTimes; readonly counts?: Counts }
  /** The request is at fault. */
  | { readonly kind: 'invalid'; readonly reason: string }
  /** The model is at fault. */
  | { readonly kind: 'error'; readonly reason: string }
);

/** What a worker says of the model that it loaded. */
export interface ModelFacts extends Signature {
  readonly engine: ChosenEngine;
  readonly classes?: readonly string[];
  readonly reference?: References;
}
