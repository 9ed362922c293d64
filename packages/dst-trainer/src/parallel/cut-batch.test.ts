import { type Batch, batchEnsemble, network } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { smallNet } from '../../test/small-run.ts';
import { cutBatch, largestShard } from './cut-batch.ts';

/** Sample n has the pixels 6n to 6n + 5 and the label n. */
const batchOf = (size: number): Batch => ({
  size,
  images: Float32Array.from({ length: size * 6 }, (_, i) => i),
  labels: Int32Array.from({ length: size }, (_, n) => n),
});

const labelsOf = (net: typeof smallNet, size: number, shards: number) =>
  cutBatch(net, batchOf(size), shards).map(({ batch }) => Array.from(batch.labels));

describe('a batch in shards', () => {
  it('is cut into neighbours, as many in each or one more', () => {
    expect(labelsOf(smallNet, 6, 3)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5],
    ]);
    expect(labelsOf(smallNet, 7, 3)).toEqual([
      [0, 1],
      [2, 3],
      [4, 5, 6],
    ]);
    expect(labelsOf(smallNet, 8, 3)).toEqual([
      [0, 1],
      [2, 3, 4],
      [5, 6, 7],
    ]);
    expect(labelsOf(smallNet, 3, 1)).toEqual([[0, 1, 2]]);
  });

  it('has fewer shards where there are not enough samples', () => {
    expect(labelsOf(smallNet, 2, 5)).toEqual([[0], [1]]);
  });

  it('keeps together the samples of one picture, one for each member', () => {
    const shared = network(batchEnsemble(smallNet.spec, 3));
    expect(labelsOf(shared, 9, 2)).toEqual([
      [0, 1, 2],
      [3, 4, 5, 6, 7, 8],
    ]);
    expect(largestShard(shared, 9, 2)).toBe(6);
  });

  it('gives each shard its images, labels, second labels and place', () => {
    const mixed = { labels: Int32Array.of(4, 3, 2, 1, 0), shares: Float32Array.of(0, 0.1, 0.2, 0.3, 0.4) };
    const [, second] = cutBatch(smallNet, { ...batchOf(5), mixed }, 2);
    expect(second).toEqual({
      first: 2,
      batch: {
        size: 3,
        images: Float32Array.from({ length: 18 }, (_, i) => 12 + i),
        labels: Int32Array.of(2, 3, 4),
        mixed: { labels: Int32Array.of(2, 1, 0), shares: Float32Array.of(0.2, 0.3, 0.4).map(Math.fround) },
      },
    });
  });

  it('has no shard larger than the largest', () => {
    for (let size = 1; size <= 40; size++)
      for (let shards = 1; shards <= 12; shards++)
        expect(Math.max(...cutBatch(smallNet, batchOf(size), shards).map(({ batch }) => batch.size))).toBe(
          largestShard(smallNet, size, shards),
        );
  });
});
