/** Data with batches that teach nothing. */
import type { Batch, PassOptions, Source } from '@freetickets/sparse-core';
import { blobs } from './blobs.ts';

/** The training data of the small run, five batches an epoch, with the pictures of the given batches (counted over the run) replaced. */
export function spoilt(batches: readonly number[], value: number): Source {
  const source = blobs({ size: 22, features: 6, classes: 3 });
  return {
    ...source,
    *batches(options: PassOptions) {
      let batch = ((options.shuffle?.epoch ?? 1) - 1) * 5 + (options.from ?? 0);
      for (const made of source.batches(options) as Iterable<Batch>) {
        const images = made.images.slice();
        if (batches.includes(++batch)) images.fill(value);
        yield { ...made, images };
      }
    },
  };
}
