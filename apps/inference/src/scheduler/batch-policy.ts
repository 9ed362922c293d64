// What a model's configuration says about batches and queues, with our defaults in one place.

import type { ModelConfig, QueuePolicy } from '../repository/model-config.ts';

export interface BatchPolicy {
  /** Rows of a batch at most; 0: the model has no batch dimension, every request is run alone. */
  readonly maxBatchSize: number;
  readonly preferredSizes: readonly number[];
  /** How long the oldest request may be held to fill a batch. `auto`: a quarter of the usual run, at most 2 ms, none while idle. */
  readonly maxDelayMs: number | 'auto';
  readonly preserveOrdering: boolean;
  readonly priorities: number;
  readonly defaultPriority: number;
  /** The longest that the queue of any priority may get. */
  readonly largestQueue: number;
  queue(level: number): Required<Omit<QueuePolicy, 'max_queue_size'>> & { readonly max_queue_size: number };
}

/** Requests that may wait, per row of a batch and instance. */
const queueFactor = 8;

export function batchPolicy({ max_batch_size = 0, dynamic_batching }: ModelConfig, instances: number): BatchPolicy {
  const batching = dynamic_batching ?? {};
  const priorities = Math.max(1, Number(batching.priority_levels ?? 0));
  const defaultSize = queueFactor * Math.max(max_batch_size, 8) * instances;
  const queue: BatchPolicy['queue'] = (level) => {
    const given = batching.priority_queue_policy?.[level] ?? batching.default_queue_policy ?? {};
    return {
      timeout_action: given.timeout_action ?? 'REJECT',
      default_timeout_microseconds: Number(given.default_timeout_microseconds ?? 0),
      // A configuration that says nothing of queues leaves the caller free to say how long it waits.
      allow_timeout_override: given.allow_timeout_override ?? true,
      max_queue_size: given.max_queue_size || defaultSize,
    };
  };
  return {
    maxBatchSize: max_batch_size,
    preferredSizes: [...(batching.preferred_batch_size ?? [])].sort((a, b) => b - a),
    maxDelayMs: batching.max_queue_delay_microseconds === undefined ? 'auto' : Number(batching.max_queue_delay_microseconds) / 1000,
    preserveOrdering: batching.preserve_ordering ?? false,
    priorities,
    defaultPriority: Number(batching.default_priority_level ?? 0) || Math.ceil(priorities / 2),
    queue,
    largestQueue: Math.max(...Array.from({ length: priorities }, (_, i) => queue(i + 1).max_queue_size)),
  };
}
