/**
 * The k smallest or largest of millions of float32 scores, ties to the lower index, without sorting them. Float bits are turned into
 * unsigned keys of the same order; two histograms of 16 bits each find the k-th key; one more pass gathers in index order.
 */
import { SparseError } from '@freetickets/sparse-core';

/**
 * @param count how many, from 0 to `scores.length`
 * @returns indices of the `count` lowest scores, ascending; among equal scores (-0 equals 0) the lower index is taken
 * @throws SparseError NON_FINITE when a score is NaN
 */
export function smallest(scores: Float32Array, count: number): Uint32Array {
  return select(orderedKeys(scores, 0), count);
}

/** As `smallest`, for the highest scores; among equal ones the lower index is taken here too. */
export function largest(scores: Float32Array, count: number): Uint32Array {
  return select(orderedKeys(scores, 0xffffffff), count);
}

/** Unsigned keys that compare as the scores do; `flip` of all ones turns the order round. */
function orderedKeys(scores: Float32Array, flip: number): Uint32Array {
  const copy = new Float32Array(scores.length);
  for (let i = 0; i < copy.length; i++) {
    const score = scores[i]!;
    if (Number.isNaN(score))
      throw new SparseError('NON_FINITE', `scores[${i}]`, 'a number', score, 'Weights or gradients are no longer finite');
    copy[i] = score + 0; // -0 becomes 0
  }
  const keys = new Uint32Array(copy.buffer);
  for (let i = 0; i < keys.length; i++) {
    const bits = keys[i]!;
    keys[i] = (bits >>> 31 === 1 ? ~bits : bits | 0x80000000) ^ flip;
  }
  return keys;
}

function select(keys: Uint32Array, count: number): Uint32Array {
  const chosen = new Uint32Array(count);
  if (count === 0) return chosen;
  const { key, ties } = kthSmallest(keys, count);
  let tiesLeft = ties;
  let filled = 0;
  for (let i = 0; filled < count; i++) {
    const here = keys[i]!;
    if (here < key || (here === key && tiesLeft-- > 0)) chosen[filled++] = i;
  }
  return chosen;
}

/** The `count`-th smallest key, and how many keys equal to it belong to the `count` smallest. */
function kthSmallest(keys: Uint32Array, count: number): { key: number; ties: number } {
  const histogram = new Uint32Array(1 << 16);
  for (let i = 0; i < keys.length; i++) histogram[keys[i]! >>> 16]!++;
  const [high, among] = bucketOf(histogram, count);
  histogram.fill(0);
  for (let i = 0; i < keys.length; i++) if (keys[i]! >>> 16 === high) histogram[keys[i]! & 0xffff]!++;
  const [low, ties] = bucketOf(histogram, among);
  return { key: high * 65536 + low, ties };
}

/** The bucket that holds the `rank`-th item (from 1), and that item's rank inside it. */
function bucketOf(histogram: Uint32Array, rank: number): [bucket: number, rankInside: number] {
  let bucket = 0;
  let left = rank;
  while (histogram[bucket]! < left) left -= histogram[bucket++]!;
  return [bucket, left];
}
