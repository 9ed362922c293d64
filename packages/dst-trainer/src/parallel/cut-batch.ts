/** Where a batch is cut: a function of its size and the number of shards, never of who computes them. */
import type { Batch, Network } from '@freetickets/sparse-core';

export interface Shard {
  /** Which sample of the batch the shard's first one is. */
  readonly first: number;
  readonly batch: Batch;
}

/** Samples that stay together: one for each member, where a sample's place says which member it belongs to. */
const unitOf = ({ spec }: Network): number => Math.max(1, ...spec.nodes.map((node) => (node.op === 'memberScale' ? node.members : 1)));

/** Samples of the largest shard. */
export function largestShard(net: Network, batchSize: number, shards: number): number {
  const unit = unitOf(net);
  return Math.min(batchSize, unit * Math.ceil(Math.ceil(batchSize / unit) / shards));
}

/** Neighbouring samples, as many in each shard as in any other or one more. Of a batch that is too small for that, fewer shards. */
export function cutBatch(net: Network, batch: Batch, shards: number): readonly Shard[] {
  const unit = unitOf(net);
  const units = Math.ceil(batch.size / unit);
  const border = (shard: number) => Math.min(batch.size, unit * Math.floor((shard * units) / shards));
  const all = Array.from({ length: shards }, (_, shard) => shardOf(batch, border(shard), border(shard + 1)));
  return all.filter((shard) => shard.batch.size > 0);
}

function shardOf({ size, images, labels, mixed }: Batch, from: number, to: number): Shard {
  const slice = <A extends Float32Array | Int32Array>(all: A) => all.subarray((all.length / size) * from, (all.length / size) * to) as A;
  const batch = { size: to - from, images: slice(images), labels: slice(labels) };
  return { first: from, batch: mixed ? { ...batch, mixed: { labels: slice(mixed.labels), shares: slice(mixed.shares) } } : batch };
}
