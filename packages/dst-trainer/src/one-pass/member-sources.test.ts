import type { Batch, PassOptions, Source } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { labelsPerHead, mimoSource, tiledSource } from './member-sources.ts';

/** Images of two pixels (10 n, 10 n + 1) with label n mod 3, in file order whatever is asked; every batch in the same arrays, as a loader may. */
function numbered(size: number): Source {
  const images = new Float32Array(2 * size);
  const labels = new Int32Array(size);
  return {
    size,
    classes: ['a', 'b', 'c'],
    shape: [1, 1, 2],
    *batches({ batchSize, from = 0 }: PassOptions): Generator<Batch> {
      for (let start = from * batchSize; start < size; start += batchSize) {
        const count = Math.min(batchSize, size - start);
        for (let k = 0; k < count; k++) {
          images.set([10 * (start + k), 10 * (start + k) + 1], 2 * k);
          labels[k] = (start + k) % 3;
        }
        yield { size: count, images: images.subarray(0, 2 * count), labels: labels.subarray(0, count) };
      }
    },
  };
}

async function batchesOf(source: Source, options: PassOptions): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of source.batches(options)) batches.push(batch);
  return batches;
}

const shuffle = { seed: 4, epoch: 2 };

describe('tiledSource', () => {
  it('has every image for each member in turn, in batches of the size that was asked for', async () => {
    const source = tiledSource(numbered(5), 3);
    expect([source.size, source.shape]).toEqual([15, [1, 1, 2]]);
    const batches = await batchesOf(source, { batchSize: 6 });
    expect(batches.map(({ size }) => size)).toEqual([6, 6, 3]);
    expect([...batches[1]!.images]).toEqual([20, 21, 20, 21, 20, 21, 30, 31, 30, 31, 30, 31]);
    expect([...batches[1]!.labels]).toEqual([2, 2, 2, 0, 0, 0]);
    expect(await batchesOf(source, { batchSize: 6, from: 1 })).toEqual(batches.slice(1));
  });
  it('mixes members alike', async () => {
    const mixed = { labels: Int32Array.of(1, 0), shares: Float32Array.of(0.25, 0.5) };
    const source: Source = {
      ...numbered(2),
      batches: () => [{ size: 2, images: new Float32Array(4), labels: Int32Array.of(0, 1), mixed }],
    };
    const [batch] = await batchesOf(tiledSource(source, 2), { batchSize: 4 });
    expect(batch!.mixed).toEqual({ labels: Int32Array.of(1, 1, 0, 0), shares: Float32Array.of(0.25, 0.25, 0.5, 0.5) });
  });
  it('refuses a batch that is no whole number of images', async () => {
    await expect(batchesOf(tiledSource(numbered(5), 3), { batchSize: 7 })).rejects.toThrow('batchSize: expected a multiple of 3');
  });
});

describe('labelsPerHead', () => {
  it('tells every head the label of the image', async () => {
    const batches = await batchesOf(labelsPerHead(numbered(4), 2), { batchSize: 3 });
    expect(batches.map(({ labels }) => [...labels])).toEqual([
      [0, 0, 1, 1, 2, 2],
      [0, 0],
    ]);
    expect([...batches[0]!.images]).toEqual([0, 1, 10, 11, 20, 21]);
  });
});

describe('mimoSource', () => {
  const form = { kind: 'mimo', members: 2, repetitions: 3, sameInput: 0 } as const;
  /** Which image each head sees in each row. */
  const seenIn = ({ images }: Batch, members: number) =>
    Array.from({ length: members }, (_, member) =>
      Array.from({ length: images.length / 2 / members }, (_, row) => images[(row * members + member) * 2]! / 10),
    );
  const sorted = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b);

  it('gives each head every image of the batch as often as it is repeated, each in an order of its own', async () => {
    const source = mimoSource(numbered(6), form);
    expect([source.size, source.shape]).toEqual([18, [2, 1, 2]]);
    const [batch, ...others] = await batchesOf(source, { batchSize: 12, shuffle });
    expect([batch!.size, others.map(({ size }) => size)]).toEqual([12, [6]]);
    const [first, second] = seenIn(batch!, 2);
    expect(sorted(first!)).toEqual([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    expect(sorted(second!)).toEqual(sorted(first!));
    expect(second).not.toEqual(first);
    expect([...batch!.labels]).toEqual(first!.flatMap((image, row) => [image % 3, second![row]! % 3]));
    expect([...batch!.images.subarray(0, 4)]).toEqual([10 * first![0]!, 10 * first![0]! + 1, 10 * second![0]!, 10 * second![0]! + 1]);
  });
  it('draws each batch by seed, epoch and place alone', async () => {
    const source = mimoSource(numbered(6), form);
    const all = await batchesOf(source, { batchSize: 6, shuffle });
    expect(await batchesOf(source, { batchSize: 6, shuffle, from: 1 })).toEqual(all.slice(1));
    const next = await batchesOf(source, { batchSize: 6, shuffle: { ...shuffle, epoch: 3 } });
    expect(next.map((batch) => seenIn(batch, 2))).not.toEqual(all.map((batch) => seenIn(batch, 2)));
  });
  it('shows all heads the same image in the share of rows that was asked for', async () => {
    const [batch] = await batchesOf(mimoSource(numbered(40), { ...form, sameInput: 0.75 }), { batchSize: 120, shuffle });
    const [first, second] = seenIn(batch!, 2);
    const same = first!.map((image, row) => image === second![row]);
    expect(same.slice(30)).toEqual(Array(90).fill(true));
    expect(same.slice(0, 30)).toContain(false);
  });
  it('without shuffling shows all heads the same image', async () => {
    const [batch] = await batchesOf(mimoSource(numbered(2), form), { batchSize: 6 });
    expect(seenIn(batch!, 2)).toEqual([
      [0, 1, 0, 1, 0, 1],
      [0, 1, 0, 1, 0, 1],
    ]);
  });
});
