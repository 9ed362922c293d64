import { SparseError } from '@freetickets/sparse-core';
import type { Samples } from './dataset.ts';
import { interleave } from './interleave.ts';
import { sharedBytes } from './shared-bytes.ts';

/**
 * The first `limit` samples of each class; a class with fewer gives all it has. Copies. The classes are interleaved in proportion: in their
 * old order the end would hold only the classes that come seldom, and `splitValidation` would cut off those.
 */
export function takePerClass(samples: Samples, limit: number): Samples {
  checkLimit(limit);
  const taken: number[][] = Array.from({ length: samples.labels.reduce((most, label) => Math.max(most, label), -1) + 1 }, () => []);
  samples.labels.forEach((label, i) => {
    if (taken[label]!.length < limit) taken[label]!.push(i);
  });
  const kept = interleave(taken.map((indices) => indices.length)).map(({ label, rank }) => taken[label]![rank]!);
  const pixels = samples.images.length / samples.size;
  const images = sharedBytes(kept.length * pixels);
  kept.forEach((from, to) => {
    images.set(samples.images.subarray(from * pixels, (from + 1) * pixels), to * pixels);
  });
  return { size: kept.length, images, labels: Int32Array.from(kept, (i) => samples.labels[i]!) };
}

/** @throws SparseError INVALID_ARGUMENT unless `limit` is a positive whole number */
export function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new SparseError('INVALID_ARGUMENT', 'limitPerClass', 'a whole number of at least 1', limit);
  }
}
