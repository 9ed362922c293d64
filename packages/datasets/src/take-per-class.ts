import { SparseError } from '@freetickets/sparse-core';
import type { Samples } from './dataset.ts';

/** The first `limit` samples of each class, in their old order; a class with fewer gives all it has. Copies. */
export function takePerClass(samples: Samples, limit: number): Samples {
  checkLimit(limit);
  const taken = new Map<number, number>();
  const kept: number[] = [];
  samples.labels.forEach((label, i) => {
    const before = taken.get(label) ?? 0;
    if (before < limit) kept.push(i);
    taken.set(label, before + 1);
  });
  const pixels = samples.images.length / samples.size;
  const images = new Uint8Array(kept.length * pixels);
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
