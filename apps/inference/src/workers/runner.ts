// What a worker process computes with: a model (model.ts), perhaps with uncertainty around it (uncertainty/). The worker opens one
// runner and calls it with one batch at a time.

import type { ChosenEngine } from '../engines/engine.ts';
import type { Parameters } from '../protocol/raw-tensor.ts';
import type { Signature, Tensor } from '../tensor.ts';
import type { Counts, References } from '../uncertainty/drift.ts';

export interface RunOptions {
  /** Parameters of the request; requests of one batch have equal ones, except those that the scheduler knows (priority, timeout). */
  readonly parameters: Parameters;
  /** Milliseconds that the most impatient request of the batch has left. */
  readonly budgetMs?: number;
}

export interface Runner extends Signature, AsyncDisposable {
  /** Which engine computes, and why. */
  readonly engine: ChosenEngine;
  /** Class names, where the file has them. */
  readonly classes?: readonly string[];
  /** How the validation data looked, where the file says. */
  readonly reference?: References;
  /**
   * Computes one batch.
   *
   * @param feeds    one tensor per input
   * @param outputs  names to compute; empty: those that these parameters ask for, else those not marked `onRequest`
   * @returns tensors by name, in the order to answer them in
   * @throws SparseError INVALID_ARGUMENT for parameters that make no sense
   */
  run(feeds: Readonly<Record<string, Tensor>>, outputs: readonly string[], options: RunOptions): Promise<Readonly<Record<string, Tensor>>>;
  /** What was answered since the last call, in the bins of `reference`; undefined when nothing was. */
  takeCounts(): Counts | undefined;
}
