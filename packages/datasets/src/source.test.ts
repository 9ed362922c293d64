import type { Batch } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { cropFlip, type Dataset, type Samples } from './dataset.ts';
import { sourceOf } from './source.ts';

const SIZE = 23;
/** Picture i is 2 x 6 x 6 with pixels that tell i, the channel, the row and the column apart. */
const samples: Samples = {
  size: SIZE,
  images: Uint8Array.from({ length: SIZE * 72 }, (_, i) => (i * 7) % 256),
  labels: Int32Array.from({ length: SIZE }, (_, i) => i),
};
const dataset: Pick<Dataset, 'classes' | 'shape' | 'normalization' | 'augmentation'> = {
  classes: Array.from({ length: SIZE }, (_, i) => `class ${i}`),
  shape: [2, 6, 6],
  normalization: { mean: [0.25, 0.5], std: [0.5, 0.125] },
  augmentation: cropFlip({ pad: 2 }),
};
const source = sourceOf(samples, { dataset });
const shuffle = { seed: 5, epoch: 3 };
const labelsOf = (batches: Iterable<Batch>) => [...batches].flatMap((batch) => [...batch.labels]);
/** Each sample's picture in a pass, by label. */
const picturesOf = (batches: Iterable<Batch>) =>
  new Map(
    [...batches].flatMap(({ images, labels }) =>
      [...labels].map((label, i) => [label, [...images.subarray(i * 72, (i + 1) * 72)]] as const),
    ),
  );

describe('sourceOf without shuffle', () => {
  it('gives file order, and keeps the last, smaller batch', () => {
    const batches = [...source.batches({ batchSize: 10 })];
    expect(batches.map(({ size }) => size)).toEqual([10, 10, 3]);
    expect(batches.map(({ images }) => images.length)).toEqual([720, 720, 216]);
    expect(labelsOf(batches)).toEqual([...samples.labels]);
    expect(batches[0]!.labels).toBeInstanceOf(Int32Array);
  });

  it('normalises each channel and augments nothing', () => {
    const [{ images }] = [...source.batches({ batchSize: 1, from: 4 })] as [Batch];
    const expected = Array.from({ length: 72 }, (_, i) => {
      const pixel = (((4 * 72 + i) * 7) % 256) / 255;
      return Math.fround(i < 36 ? (pixel - 0.25) / 0.5 : (pixel - 0.5) / 0.125);
    });
    expect([...images]).toEqual(expected);
  });

  it('says what it holds', () => {
    expect({ size: source.size, shape: source.shape, classes: source.classes.length }).toEqual({
      size: SIZE,
      shape: [2, 6, 6],
      classes: SIZE,
    });
  });
});

describe('sourceOf with shuffle', () => {
  it('gives every sample once, in an order of its own for each seed and epoch', () => {
    const order = labelsOf(source.batches({ batchSize: 10, shuffle }));
    expect([...order].sort((a, b) => a - b)).toEqual([...samples.labels]);
    expect(order).not.toEqual([...samples.labels]);
    expect(labelsOf(source.batches({ batchSize: 10, shuffle }))).toEqual(order);
    expect(labelsOf(source.batches({ batchSize: 10, shuffle: { seed: 5, epoch: 4 } }))).not.toEqual(order);
    expect(labelsOf(source.batches({ batchSize: 10, shuffle: { seed: 6, epoch: 3 } }))).not.toEqual(order);
  });

  it.each([1, 2])('resumes at batch %i with the same bits as the whole pass', (from) => {
    const whole = [...source.batches({ batchSize: 10, shuffle })];
    expect([...source.batches({ batchSize: 10, shuffle, from })]).toEqual(whole.slice(from));
  });

  it('has nothing left after the last batch', () => {
    expect([...source.batches({ batchSize: 10, shuffle, from: 3 })]).toEqual([]);
  });

  it('augments a sample by seed, epoch and sample, whatever the batch size', () => {
    const pictures = picturesOf(source.batches({ batchSize: 10, shuffle }));
    expect(picturesOf(source.batches({ batchSize: 7, shuffle }))).toEqual(pictures);
    expect(picturesOf(source.batches({ batchSize: 10, shuffle: { seed: 5, epoch: 4 } }))).not.toEqual(pictures);
  });

  it('each augmented picture is one of the 50 crops of its own picture', () => {
    const [table0, table1] = [0.25, 0.5].map((mean, c) => (byte: number) => Math.fround((byte / 255 - mean) / [0.5, 0.125][c]!));
    const reflect = (at: number) => (at < 0 ? -at : at > 5 ? 10 - at : at);
    const crop = (label: number, dy: number, dx: number, mirrored: boolean) =>
      Array.from({ length: 72 }, (_, i) => {
        const [c, y, x] = [Math.floor(i / 36), Math.floor(i / 6) % 6, i % 6];
        const column = reflect((mirrored ? 5 - x : x) + dx);
        const byte = samples.images[label * 72 + c * 36 + reflect(y + dy) * 6 + column]!;
        return c === 0 ? table0!(byte) : table1!(byte);
      }).join();
    const seen = new Set<string>();
    for (const [label, picture] of picturesOf(source.batches({ batchSize: 10, shuffle }))) {
      const candidates = [-2, -1, 0, 1, 2].flatMap((dy) =>
        [-2, -1, 0, 1, 2].flatMap((dx) =>
          [false, true].map((mirrored) => [`${dy} ${dx} ${mirrored}`, crop(label, dy, dx, mirrored)] as const),
        ),
      );
      const found = candidates.find(([, text]) => text === picture.join());
      expect(found).toBeDefined();
      seen.add(found![0]);
    }
    expect(seen.size).toBeGreaterThan(10); // 23 draws from 50 places
  });

  it('leaves pictures alone when told so', () => {
    const plain = sourceOf(samples, { dataset, augment: 'none' });
    expect(picturesOf(plain.batches({ batchSize: 10, shuffle }))).toEqual(picturesOf(source.batches({ batchSize: 10 })));
  });
});

describe('sourceOf refuses', () => {
  it('samples of another shape', () => {
    expect(() => sourceOf(samples, { dataset: { ...dataset, shape: [1, 6, 6] } })).toThrow(
      'samples: expected 23 labels and 23 pictures of 1x6x6, received "23 labels and 1656 bytes"',
    );
  });

  it.each([
    [{ batchSize: 0 }, 'batchSize'],
    [{ batchSize: 2.5 }, 'batchSize'],
    [{ batchSize: 2, from: -1 }, 'from'],
    [{ batchSize: 2, shuffle: { seed: 1, epoch: 0.5 } }, 'shuffle.epoch'],
  ])('the pass %j', (options, at) => {
    expect(() => source.batches(options)).toThrow(`${at}: expected a whole number of at least`);
  });
});
