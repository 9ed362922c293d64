import { type Batch, type PassOptions, rng, type Source } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { betaDraw } from './beta-draw.ts';
import type { Samples } from './dataset.ts';
import { prefetch } from './prefetch.node.ts';
import { sourceOf } from './source.ts';

const SIZE = 23;
const PIXELS = 12;
const bytes = rng(4).stream('pictures');
const samples: Samples = {
  size: SIZE,
  images: Uint8Array.from({ length: SIZE * PIXELS }, () => bytes.below(256)),
  labels: Int32Array.from({ length: SIZE }, (_, i) => i), // so that a label says which picture it is
};
const dataset = {
  classes: Array.from({ length: SIZE }, String),
  shape: [1, 3, 4],
  normalization: { mean: [0.5], std: [0.25] },
  augmentation: 'none',
} as const;
const plain = sourceOf(samples, { dataset });
const mixing = (mixup = 0.4) => sourceOf(samples, { dataset, mixup });
const shuffle = { seed: 5, epoch: 3 };
/** Batches of workers hold until the next one is asked for. */
const copyOf = ({ size, images, labels, mixed }: Batch): Batch => ({
  size,
  images: images.slice(),
  labels: labels.slice(),
  ...(mixed && { mixed: { labels: mixed.labels.slice(), shares: mixed.shares.slice() } }),
});
const batchesOf = (source: Source, options: PassOptions) => [...(source.batches(options) as Iterable<Batch>)];

describe('betaDraw', () => {
  /** Distribution functions of Beta(a, a) that have a closed form. */
  it.each<[number, (x: number) => number]>([
    [0.5, (x) => (2 / Math.PI) * Math.asin(Math.sqrt(x))],
    [1, (x) => x],
    [2, (x) => 3 * x ** 2 - 2 * x ** 3],
    [3, (x) => 10 * x ** 3 - 15 * x ** 4 + 6 * x ** 5],
  ])('follows Beta(a, a) at a = %d, by Kolmogorov and Smirnov', (alpha, distribution) => {
    const stream = rng(1).stream('beta', alpha);
    const draws = Float64Array.from({ length: 20_000 }, () => betaDraw(alpha, stream)).sort();
    const distance = Math.max(...draws.map((x, i) => Math.abs(distribution(x) - (i + 0.5) / draws.length)));
    expect(distance).toBeLessThan(1.95 / Math.sqrt(draws.length)); // exceeded once in 1000 streams
  });

  it('is a number even where gamma variables underflow', () => {
    const stream = rng(1).stream('beta');
    const draws = Array.from({ length: 1000 }, () => betaDraw(0.001, stream));
    expect(draws.every((x) => x >= 0 && x <= 1)).toBe(true);
    expect(draws.filter((x) => x > 0.01 && x < 0.99).length).toBeLessThan(20); // 0.46 % in expectation
  });
});

describe('mixup', () => {
  it('mixes every picture with that of its partner, by the share that it says', () => {
    const unmixed = batchesOf(plain, { batchSize: 10, shuffle });
    const mixed = batchesOf(mixing(), { batchSize: 10, shuffle });
    expect(mixed.map(({ size }) => size)).toEqual([10, 10, 3]);
    const pictureOf = (label: number, { images, labels }: Batch) => {
      const at = labels.indexOf(label) * PIXELS;
      return images.subarray(at, at + PIXELS);
    };
    for (const [turn, batch] of mixed.entries()) {
      const before = unmixed[turn]!;
      expect(batch.labels).toEqual(before.labels);
      expect([...batch.mixed!.labels].sort(), 'a permutation within the batch').toEqual([...before.labels].sort());
      expect(new Set(batch.mixed!.shares).size, 'one share for the batch').toBe(1);
      const share = batch.mixed!.shares[0]!;
      for (const [i, label] of batch.labels.entries()) {
        const [own, other] = [pictureOf(label, before), pictureOf(batch.mixed!.labels[i]!, before)];
        for (let p = 0; p < PIXELS; p++) expect(batch.images[i * PIXELS + p]).toBeCloseTo((1 - share) * own[p]! + share * other[p]!, 6);
      }
    }
    expect(new Set(mixed.map((batch) => batch.mixed!.shares[0])).size).toBe(3);
  });

  it('is a function of seed, epoch and batch, so that a pass goes on where it was', () => {
    const whole = batchesOf(mixing(), { batchSize: 5, shuffle });
    expect(batchesOf(mixing(), { batchSize: 5, shuffle, from: 2 })).toEqual(whole.slice(2));
    for (const other of [
      { seed: 5, epoch: 4 },
      { seed: 6, epoch: 3 },
    ])
      expect(batchesOf(mixing(), { batchSize: 5, shuffle: other })[0]!.mixed!.shares).not.toEqual(whole[0]!.mixed!.shares);
  });

  it.each([0, 1, 3])('gives the same bits with %i workers, in one pass after another', async (workers) => {
    await using source = prefetch(mixing(), { workers, onNotice: (sentence) => expect.fail(sentence) });
    for (const options of [{ batchSize: 5, shuffle }, { batchSize: 5 }, { batchSize: 5, shuffle, from: 3 }, { batchSize: 8, shuffle }]) {
      const found: Batch[] = [];
      for await (const batch of source.batches(options)) found.push(copyOf(batch));
      expect(found).toEqual(batchesOf(mixing(), options));
    }
  });

  it('leaves passes without shuffle alone', () => {
    expect(batchesOf(mixing(), { batchSize: 10 })).toEqual(batchesOf(plain, { batchSize: 10 }));
  });

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])('refuses an alpha of %d', (alpha) => {
    expect(() => mixing(alpha)).toThrow('mixup: expected a finite number above 0');
  });
});
