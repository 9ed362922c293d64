/** What an operation gives, and what it may read. Every tensor lies as layout.ts says. */
import type { NodeSpec, OpName, ParamName } from '@freetickets/sparse-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tensorflow } from '../tensorflow.ts';

/** One pass through a network. */
export interface Pass {
  readonly tf: Tensorflow;
  readonly params: ReadonlyMap<ParamName, Tensor>;
  /** Batch norm uses the batch's statistics, else the running ones. */
  readonly training: boolean;
  /** Absent: dropout is off. */
  readonly dropoutSeed?: number | undefined;
  /** Which of all given samples the first of the batch is. */
  readonly first: number;
  /** Shape of a node's values per sample, (C, H, W) or (features). */
  shapeOf(id: string): readonly number[];
  /** Place of a node in the list of nodes. */
  indexOf(id: string): number;
}

export type Key = 'weight' | 'bias' | 'running_mean' | 'running_var';
/** By the last part of a parameter's name. */
export type Own = Partial<Record<Key, Tensor>>;

export interface Computed {
  readonly output: Tensor;
  /** What `backward` reads besides inputs, parameters and output. */
  readonly kept?: readonly Tensor[];
  /** Running statistics as they are after a training step. */
  readonly running?: Own;
  /**
   * @param gradient of the loss with respect to `output`
   * @param wanted for each input whether its gradient is
   */
  backward(gradient: Tensor, wanted: readonly boolean[]): Gradients;
}

export interface Gradients {
  /** New tensors; of one that was not wanted anything. */
  readonly inputs: readonly (Tensor | undefined)[];
  /** Dense: over live and dead positions alike. */
  readonly params?: Own;
}

export type NodeOf<Name extends OpName> = Extract<NodeSpec, { readonly op: Name }>;

/** A node's own parameter. */
export const ownParam = ({ params }: Pass, { id }: NodeSpec, key: Key): Tensor | undefined => params.get(`${id}.${key}`);
