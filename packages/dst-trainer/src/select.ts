/**
 * The k smallest or largest of millions of float32 scores, ties to the lower index, without sorting them. Float bits are turned into
 * unsigned keys of the same order; histograms of their digits, among ever fewer keys, find the k-th; one more pass gathers in index order.
 * Where few magnitudes of many are wanted, a sample says first which are too low to be looked at twice: that saves time, and changes nothing.
 */
import { SparseError } from '@freetickets/sparse-core';
import { gather, rest } from './sorted-lists.ts';

export interface Among {
  /** Scores are compared by absolute value. Default false. */
  readonly byMagnitude?: boolean;
  /** Sorted indices that take no part. Default: none. */
  readonly except?: Uint32Array;
  /** By magnitude only: what `marksAtLeast` does to the scores, where somebody has a faster way. Default: a pass over them. */
  readonly atLeast?: AtLeast | undefined;
}

/** One bit per score, the lowest first: 1 where its magnitude is not below the given one, or is no number. For the caller to change. */
export type AtLeast = (magnitude: number) => Int32Array;

/**
 * @param count how many, from 0 to `scores.length`
 * @returns indices of the `count` lowest scores, ascending; among equal scores (-0 equals 0) the lower index is taken
 * @throws SparseError NON_FINITE when a score is NaN
 */
export function smallest(scores: Float32Array, count: number, { byMagnitude = false }: Pick<Among, 'byMagnitude'> = {}): Uint32Array {
  return select(orderedKeys(scores, 0, byMagnitude), count);
}

/** As `smallest`, for the highest scores; among equal ones the lower index is taken here too. */
export function largest(scores: Float32Array, count: number, { byMagnitude = false, except = NONE, atLeast }: Among = {}): Uint32Array {
  if (count === 0) return new Uint32Array(0);
  const found = (byMagnitude && promising(scores, count, except, atLeast)) || rest(scores.length, except);
  return gather(found, select(orderedKeys(gather(scores, found), HIGHEST_FIRST, byMagnitude, found), count));
}

const NONE = new Uint32Array(0);

/** Turns the order of keys round. */
const HIGHEST_FIRST = -1;

const INFINITY_BITS = 0x7f800000;
const MAGNITUDE_BITS = 0x7fffffff;
const SIGN_BIT = -0x80000000;

let keyRoom = new Int32Array(0);

/**
 * Keys whose bits, as unsigned numbers, compare as the scores do. Without branches on signs, which nobody can foresee.
 * @param flip all ones turn the order round
 * @param from where the scores come from, for the message
 */
function orderedKeys(scores: Float32Array, flip: number, byMagnitude = false, from?: Uint32Array): Int32Array {
  const bits = new Int32Array(scores.buffer, scores.byteOffset, scores.length);
  if (keyRoom.length < bits.length) keyRoom = new Int32Array(bits.length);
  const keys = keyRoom.subarray(0, bits.length);
  const signed = byMagnitude ? 0 : -1;
  for (let i = 0; i < bits.length; i++) {
    const magnitude = bits[i]! & MAGNITUDE_BITS;
    if (magnitude > INFINITY_BITS) {
      const at = `scores[${from ? from[i] : i}]`;
      throw new SparseError('NON_FINITE', at, 'a number', Number.NaN, 'Weights or gradients are no longer finite');
    }
    const negative = (bits[i]! >> 31) & signed;
    keys[i] = ((magnitude ^ negative) - negative) ^ SIGN_BIT ^ flip; // -0 is 0
  }
  return keys;
}

function select(keys: Int32Array, count: number): Uint32Array {
  const chosen = new Uint32Array(count);
  if (count === 0) return chosen;
  const { key, ties } = kthSmallest(keys, count);
  const least = key ^ SIGN_BIT; // signed numbers are faster to compare
  let tiesLeft = ties;
  let filled = 0;
  for (let i = 0; filled < count; i++) {
    const here = keys[i]! ^ SIGN_BIT;
    chosen[filled] = i; // stays if it is counted: a branch for each would often be guessed wrongly
    filled += here === least ? Number(tiesLeft-- > 0) : Number(here < least);
  }
  return chosen;
}

/** The `count`-th smallest key, and how many keys equal to it belong to the `count` smallest. */
function kthSmallest(keys: Int32Array, count: number): { key: number; ties: number } {
  const [high, amongHigh, ofHigh] = bucketOf(histogramOf(keys, 21), count);
  const left = startingWith(keys, 21, high, ofHigh);
  const [middle, amongMiddle, ofMiddle] = bucketOf(histogramOf(left, 10), amongHigh);
  const start = (high << 11) | middle;
  const [low, ties] = bucketOf(histogramOf(startingWith(left, 10, start, ofMiddle), 0), amongMiddle);
  return { key: (start << 10) | (low & 1023), ties };
}

const histogram = new Uint32Array(2048);

/** Of the lowest 11 bits after a shift. Valid until the next call. */
function histogramOf(keys: Int32Array, shift: number): Uint32Array {
  histogram.fill(0);
  for (let i = 0; i < keys.length; i++) histogram[(keys[i]! >>> shift) & 2047]!++;
  return histogram;
}

/** The `count` keys that are `start` after a shift. */
function startingWith(keys: Int32Array, shift: number, start: number, count: number): Int32Array {
  const same = new Int32Array(count);
  for (let i = 0, filled = 0; filled < count; i++) {
    const key = keys[i]!;
    same[filled] = key; // as in `select`
    filled += Number(key >>> shift === start);
  }
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
 * lowered; a NaN in the sample is as good as any number, for only those that take part are an error. Valid until the next call.
 */
function promising(
  scores: Float32Array,
  count: number,
  except: Uint32Array,
  atLeast: AtLeast = (magnitude) => marksAtLeast(scores, magnitude),
): Uint32Array | undefined {
  if (scores.length < 4 * SAMPLE) return undefined;
  const bits = new Int32Array(scores.buffer, scores.byteOffset, scores.length);
  const stride = Math.floor(scores.length / SAMPLE) | 1; // odd: layers repeat themselves at even distances
  const sample = new Int32Array(Math.floor(scores.length / stride));
  for (let i = 0; i < sample.length; i++) sample[i] = ~(bits[i * stride]! & MAGNITUDE_BITS);
  const expected = (count / (scores.length - except.length)) * sample.length;
  for (let rank = Math.ceil(1.2 * expected + 3 * Math.sqrt(expected)); rank < sample.length; rank *= 2) {
    const found = marked(atLeast(numberOf(~kthSmallest(sample, rank).key)), except);
    if (found.length >= count) return found;
  }
  return undefined;
}

const numberOf = (bits: number): number => new Float32Array(Int32Array.of(bits).buffer)[0]!;

/** See `AtLeast`. */
export function marksAtLeast(scores: Float32Array, magnitude: number): Int32Array {
  const bits = new Int32Array(scores.buffer, scores.byteOffset, scores.length);
  const below = (new Int32Array(Float32Array.of(magnitude).buffer)[0]! & MAGNITUDE_BITS) - 1;
  const marks = new Int32Array(Math.ceil(bits.length / 32));
  for (let word = 0, i = 0; word < marks.length; word++) {
    const end = Math.min(bits.length, i + 32);
    let mark = 0;
    for (; i < end; i++) mark |= ((below - (bits[i]! & MAGNITUDE_BITS)) >>> 31) << i; // the sign of the difference; shifts count modulo 32
    marks[word] = mark;
  }
  return marks;
}

/** Kept from call to call: new memory takes as long as what is done in it. */
let room = new Uint32Array(0);

/** Indices of the bits that are 1, but for the given ones, whose bits are cleared. Valid until the next call. */
function marked(marks: Int32Array, except: Uint32Array): Uint32Array {
  for (let i = 0; i < except.length; i++) marks[except[i]! >>> 5]! &= ~(1 << except[i]!);
  if (room.length < 32 * marks.length) room = new Uint32Array(32 * marks.length);
  const found = room;
  let filled = 0;
  for (let word = 0; word < marks.length; word++)
    for (let left = marks[word]!; left !== 0; left &= left - 1) found[filled++] = 32 * word + 31 - Math.clz32(left & -left);
  return found.subarray(0, filled);
}
