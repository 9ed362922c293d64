/**
 * The k smallest or largest of millions of float32 scores, ties to the lower index, without sorting them. Float bits are turned into
 * unsigned keys of the same order; histograms of their digits, among ever fewer keys, find the k-th; one more pass gathers in index order.
 * Where few magnitudes of many are wanted, a sample says first which are too low to be looked at twice: that saves time, and changes nothing.
 */
import { SparseError } from '@freetickets/sparse-core';
import { gather, rest, without } from './sorted-lists.ts';

export interface Among {
  /** Scores are compared by absolute value. Default false. */
  readonly byMagnitude?: boolean;
  /** Sorted indices that take no part. Default: none. */
  readonly except?: Uint32Array;
}

/**
 * @param count how many, from 0 to `scores.length`
 * @returns indices of the `count` lowest scores, ascending; among equal scores (-0 equals 0) the lower index is taken
 * @throws SparseError NON_FINITE when a score is NaN
 */
export function smallest(scores: Float32Array, count: number): Uint32Array {
  return select(orderedKeys(scores, 0), count);
}

/** As `smallest`, for the highest scores; among equal ones the lower index is taken here too. */
export function largest(scores: Float32Array, count: number, { byMagnitude = false, except = NONE }: Among = {}): Uint32Array {
  if (count === 0) return new Uint32Array(0);
  const found = (byMagnitude && promising(scores, count, except)) || rest(scores.length, except);
  return gather(found, select(orderedKeys(gather(scores, found), HIGHEST_FIRST, byMagnitude, found), count));
}

const NONE = new Uint32Array(0);

/** Turns the order of keys round. */
const HIGHEST_FIRST = -1;

const INFINITY_BITS = 0x7f800000;
const MAGNITUDE_BITS = 0x7fffffff;
const SIGN_BIT = 0x80000000;

/**
 * Unsigned keys that compare as the scores do.
 * @param flip all ones turn the order round
 * @param from where the scores come from, for the message
 */
function orderedKeys(scores: Float32Array, flip: number, byMagnitude = false, from?: Uint32Array): Uint32Array {
  const bits = new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
  const keys = new Uint32Array(scores.length);
  for (let i = 0; i < keys.length; i++) {
    const own = bits[i]!;
    if ((own & MAGNITUDE_BITS) > INFINITY_BITS) {
      const at = `scores[${from ? from[i] : i}]`;
      throw new SparseError('NON_FINITE', at, 'a number', Number.NaN, 'Weights or gradients are no longer finite');
    }
    keys[i] = (own > SIGN_BIT && !byMagnitude ? ~own : own | SIGN_BIT) ^ flip; // the sign bit alone is -0
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
    chosen[filled] = i; // stays if it is counted: a branch for each would often be guessed wrongly
    filled += here === key ? Number(tiesLeft-- > 0) : Number(here < key);
  }
  return chosen;
}

/** The `count`-th smallest key, and how many keys equal to it belong to the `count` smallest. */
function kthSmallest(keys: Uint32Array, count: number): { key: number; ties: number } {
  const [high, amongHigh, ofHigh] = bucketOf(histogramOf(keys, 21), count);
  const left = startingWith(keys, 21, high, ofHigh);
  const [middle, amongMiddle, ofMiddle] = bucketOf(histogramOf(left, 10), amongHigh);
  const start = high * 2048 + middle;
  const [low, ties] = bucketOf(histogramOf(startingWith(left, 10, start, ofMiddle), 0), amongMiddle);
  return { key: start * 1024 + (low % 1024), ties };
}

/** Of the lowest 11 bits after a shift. */
function histogramOf(keys: Uint32Array, shift: number): Uint32Array {
  const histogram = new Uint32Array(2048);
  for (let i = 0; i < keys.length; i++) histogram[(keys[i]! >>> shift) & 2047]!++;
  return histogram;
}

/** The `count` keys that are `start` after a shift. */
function startingWith(keys: Uint32Array, shift: number, start: number, count: number): Uint32Array {
  const same = new Uint32Array(count);
  for (let i = 0, filled = 0; filled < count; i++) if (keys[i]! >>> shift === start) same[filled++] = keys[i]!;
  return same;
}

/** The bucket that holds the `rank`-th item (from 1), that item's rank inside it, and how many it holds. */
function bucketOf(histogram: Uint32Array, rank: number): readonly [bucket: number, rankInside: number, size: number] {
  let bucket = 0;
  let left = rank;
  while (histogram[bucket]! < left) left -= histogram[bucket++]!;
  return [bucket, left, histogram[bucket]!];
}

/** Magnitudes in a sample; shorter lists than four of them are not worth one. */
const SAMPLE = 4096;

/**
 * Sorted indices among which the `count` largest magnitudes are, NaN too; undefined when no sample can tell. A bound that leaves too few is
 * lowered; a NaN in the sample is as good as any number, for only those that take part are an error.
 */
function promising(scores: Float32Array, count: number, except: Uint32Array): Uint32Array | undefined {
  if (scores.length < 4 * SAMPLE) return undefined;
  const bits = new Int32Array(scores.buffer, scores.byteOffset, scores.length);
  const stride = Math.floor(scores.length / SAMPLE) | 1; // odd: layers repeat themselves at even distances
  const sample = new Uint32Array(Math.floor(scores.length / stride));
  for (let i = 0; i < sample.length; i++) sample[i] = ~(bits[i * stride]! & MAGNITUDE_BITS);
  const expected = (count / (scores.length - except.length)) * sample.length;
  for (let rank = Math.ceil(1.2 * expected + 3 * Math.sqrt(expected)); rank < sample.length; rank *= 2) {
    const found = without(notBelow(~kthSmallest(sample, rank).key, bits), except);
    if (found.length >= count) return found;
  }
  return undefined;
}

/** Kept from call to call: new memory takes as long as what is done in it. */
let room = new Uint32Array(0);

/** Indices of the magnitudes of at least these bits, valid until the next call. */
function notBelow(least: number, bits: Int32Array): Uint32Array {
  if (room.length < bits.length) room = new Uint32Array(bits.length);
  const found = room;
  let filled = 0;
  for (let i = 0; i < bits.length; i++) {
    found[filled] = i; // as in `select`; what is added is the sign of the difference
    filled += (least - 1 - (bits[i]! & MAGNITUDE_BITS)) >>> 31;
  }
  return found.subarray(0, filled);
}
