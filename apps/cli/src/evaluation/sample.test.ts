import { generated } from '@freetickets/datasets';
import { expect, it } from 'vitest';
import type { Data } from '../data.ts';
import { sampleOf } from './sample.ts';

it('sampleOf draws different pictures of the part that was asked for, the same for one seed', () => {
  const dataset = { ...generated({ train: 40, test: 10, size: 8 }), augmentation: { pad: 4, fill: 'zero', flip: 0.5 } as const };
  const data = { dataset } as Data;
  const bytesOf = (split: 'train' | 'valid' | 'test', most: number, seed = 1) =>
    [...sampleOf(data, split, 0.25, most, seed).batches({ batchSize: 100 })].map(({ images, labels }) => [images, labels]);
  expect([
    sampleOf(data, 'train', 0.25, 1000, 1).size,
    sampleOf(data, 'valid', 0.25, 1000, 1).size,
    sampleOf(data, 'test', 0.25, 4, 1).size,
  ]).toEqual([30, 10, 4]);
  expect(bytesOf('train', 12)).toEqual(bytesOf('train', 12));
  expect(bytesOf('train', 12, 2)).not.toEqual(bytesOf('train', 12));
  const [images] = bytesOf('test', 4)[0]! as [Float32Array];
  const all = bytesOf('test', 10)[0]![0] as Float32Array;
  const pictures = (from: Float32Array) => Array.from({ length: from.length / 64 }, (_, n) => String(from.subarray(64 * n, 64 * n + 64)));
  const drawn = pictures(images);
  expect(new Set(drawn).size).toBe(4);
  for (const picture of drawn) expect(pictures(all)).toContain(picture);
});
