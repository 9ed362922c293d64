import { type MixedLabels, SparseError, type Stream } from '@freetickets/sparse-core';
import { betaDraw } from './beta-draw.ts';

/** @throws SparseError INVALID_ARGUMENT for an alpha that is not above 0 */
export function checkMixup(alpha: number): void {
  if (!(alpha > 0 && alpha < Number.POSITIVE_INFINITY))
    throw new SparseError('INVALID_ARGUMENT', 'mixup', 'a finite number above 0', alpha);
}

/** A batch to be mixed, and where its second labels go. */
export interface MixedBatch {
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly mixed: MixedLabels;
}

/**
 * Mixes every picture of a batch with that of a partner, in place. One share for the batch, from Beta(alpha, alpha); partners by a permutation of
 * the batch.
 * @source Zhang et al., arXiv:1710.09412
 */
export function mixUp({ images, labels, mixed }: MixedBatch, alpha: number, stream: Stream): void {
  const size = labels.length;
  const pixels = images.length / size;
  const share = Math.fround(betaDraw(alpha, stream));
  const partners = stream.shuffle(Uint32Array.from({ length: size }, (_, i) => i));
  const before = images.slice();
  for (let i = 0; i < size; i++) {
    const partner = partners[i]!;
    mixed.labels[i] = labels[partner]!;
    mixed.shares[i] = share;
    if (partner === i) continue;
    const [to, from] = [i * pixels, partner * pixels];
    for (let p = 0; p < pixels; p++) images[to + p] = (1 - share) * before[to + p]! + share * before[from + p]!;
  }
}
