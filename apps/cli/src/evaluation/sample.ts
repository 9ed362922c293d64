/** Some of the pictures of a data set, drawn at random and without augmentation, for measurements that need not see all of them. */
import { type MemorySource, type Samples, sourceOf, splitValidation } from '@freetickets/datasets';
import { rng } from '@freetickets/sparse-core';
import type { Data } from '../data.ts';
import type { Split } from './document.ts';

/**
 * @param validation share of the training data that the run held back
 * @param most pictures; all of them, in their order, where there are no more
 */
export function sampleOf({ dataset }: Data, split: Split, validation: number, most: number, seed: number): MemorySource {
  const samples = split === 'test' ? dataset.test : splitValidation(dataset.train, validation)[split === 'train' ? 'train' : 'validation'];
  return sourceOf(most < samples.size ? drawn(samples, most, seed) : samples, { dataset, augment: 'none' });
}

function drawn({ size, images, labels }: Samples, count: number, seed: number): Samples {
  const rows = rng(seed).stream('pictures').sample(size, count).sort();
  const pixels = images.length / size;
  const taken = new Uint8Array(count * pixels);
  rows.forEach((row, k) => {
    taken.set(images.subarray(row * pixels, (row + 1) * pixels), k * pixels);
  });
  return { size: count, images: taken, labels: Int32Array.from(rows, (row) => labels[row]!) };
}
