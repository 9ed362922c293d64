/**
 * What is said between the process that trains and those that compute shards of its batches. Messages are plain data and typed arrays, as
 * structured cloning takes them. Helpers know values and topology only: optimizer, statistics, schedule and decisions stay with who trains,
 * so that a helper can be lost at any time.
 */
import type { ModelState, NetworkSpec, OpenOptions, ShardResult, StepOptions, TopologyDelta } from '@freetickets/sparse-core';
import type { Shard } from './cut-batch.ts';

export type ShardRequest = { readonly session: number } & (OpenRequest | RewireRequest | ComputeRequest | { readonly kind: 'close' });

interface OpenRequest {
  readonly kind: 'open';
  readonly spec: NetworkSpec;
  readonly state: ModelState;
  readonly options: Pick<OpenOptions, 'batchSize' | 'loss' | 'signals'>;
}

interface RewireRequest {
  readonly kind: 'rewire';
  readonly deltas: readonly TopologyDelta[];
}

interface ComputeRequest {
  readonly kind: 'compute';
  /** As `ShardedSteps.values` has them. */
  readonly values: Float32Array;
  readonly shards: readonly Shard[];
  readonly options: Pick<StepOptions, 'keep' | 'dropoutSeed'>;
}

export interface Asked {
  /** Resolves when nothing of the request waits in this process any more; also when it will never get there. */
  readonly sent: Promise<void>;
  /** A result for each shard; none for other requests. Rejects when the helper is gone. */
  readonly answer: Promise<readonly ShardResult[]>;
}

/** A way to a helper, which answers one request after the other. */
export interface Link {
  ask(request: ShardRequest): Asked;
  /** Ends the helper; what it was asked for and has not answered is rejected at once, `sent` resolves. */
  close(): void;
}
