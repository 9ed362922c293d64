/**
 * The k smallest or largest of millions of float32 scores, ties to the lower index, without sorting them. Float bits are turned into
 * unsigned keys of the same order; histograms of their digits, among ever fewer keys, find the k-th; one more pass gathers in index order.
 * Where few of many are wanted, a sample says first which scores are too low to be looked at twice; that changes the time, never the result.
 */
import { SparseError } from '@freetickets/sparse-core';

export interface Among {
  /** Scores are compared by absolute value. Default false. */
  readonly byMagnitude?: boolean;
  /** Sorted indices that do not take part. Default: none. */
  readonly except?: Uint32Array;
}

/**
 * @param count how many, from 0 to `scores.length`
 * @returns indices of the `count` lowest scores, ascending; among equal scores (-0 equals 0) the lower index is taken
 * @throws SparseError NON_FINITE when a score is NaN
 */
export function smallest(scores: Float32Array, count: number): Uint32Array {
  return count === 0 ? new Uint32Array(0) : select(orderedKeys(scores, 0), count);
}

/** As `smallest`, for the highest scores; among equal ones the lower index is taken here too. */
export function largest(scores: Float32Array, count: number, { byMagnitude = false, except = NONE }: Among = {}): Uint32Array {
  if (count === 0) return new Uint32Array(0);
  const sample = sampleOf(scores, byMagnitude);
  const share = count / (scores.length - except.length);
  // More than the share, against the luck of the draw; should that be too few, twice as many.
  for (let rank = Math.ceil(1.25 * share * sample.length + 3 * Math.sqrt(share * sample.length)); ; rank *= 2) {
    const found = atLeast(scores, boundOf(sample, rank), byMagnitude, except);
    if (found.length < count && rank < sample.length) continue;
    return gather(found, select(orderedKeys(gather(scores, found), HIGHEST_FIRST, found, byMagnitude), count));
  }
}

const NONE = new Uint32Array(0);

/** Turns the order of keys round. */
const HIGHEST_FIRST = 0xffffffff;

/** Scores in a sample; lists of less than eight times as many are not worth one. */
const SAMPLE = 4096;

/** Scores at equal distances, an odd number: layers have patterns of even ones. */
function sampleOf(scores: Float32Array, byMagnitude: boolean): Float32Array {
  if (scores.length < 8 * SAMPLE) return new Float32Array(0);
  const stride = Math.floor(scores.length / SAMPLE) | 1;
  const sample = new Float32Array(Math.floor(scores.length / stride));
  for (let i = 0; i < sample.length; i++) {
    const score = byMagnitude ? Math.abs(scores[i * stride]!) : scores[i * stride]!;
    sample[i] = Number.isNaN(score) ? 0 : score; // it is told of if it takes part
  }
  return sample;
}

/** The `rank`-th highest of the sample. */
function boundOf(sample: Float32Array, rank: number): number {
  if (rank >= sample.length) return Number.NEGATIVE_INFINITY;
  let bound = Number.POSITIVE_INFINITY;
  for (const i of select(orderedKeys(sample, HIGHEST_FIRST), rank)) bound = Math.min(bound, sample[i]!);
  return bound;
}

/** Room for indices, kept from call to call: new memory takes as long as what is done in it. */
let room = new Uint32Array(0);

/** Indices of the scores that are not below the bound (NaN among them), valid until the next call. */
function atLeast(scores: Float32Array, bound: number, byMagnitude: boolean, except: Uint32Array): Uint32Array {
  if (room.length < scores.length) room = new Uint32Array(scores.length);
  const found = room;
  let filled = 0;
  let next = 0;
  for (let i = 0; i < scores.length; i++) {
    const score = scores[i]!;
    if ((byMagnitude ? Math.abs(score) : score) < bound) continue;
    while (next < except.length && except[next]! < i) next++;
    if (next === except.length || except[next] !== i) found[filled++] = i;
  }
  return found.subarray(0, filled);
}

/** The items at the indices, in their order. */
export function gather<Numbers extends Float32Array | Uint32Array>(items: Numbers, indices: Uint32Array): Numbers {
  const gathered = new (items.constructor as new (length: number) => Numbers)(indices.length);
  for (let i = 0; i < indices.length; i++) gathered[i] = items[indices[i]!]!;
  return gathered;
}

/**
 * Unsigned keys that compare as the scores do.
 * @param flip all ones turn the order round
 * @param at   where the scores come from, for the message
 */
function orderedKeys(scores: Float32Array, flip: number, at?: Uint32Array, byMagnitude = false): Uint32Array {
  const allBits = new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
  const keys = new Uint32Array(scores.length);
  for (let i = 0; i < keys.length; i++) {
    const bits = allBits[i]!;
    if ((bits & 0x7fffffff) > INFINITY_BITS)
      throw new SparseError('NON_FINITE', `scores[${at ? at[i] : i}]`, 'a number', scores[i], 'Weights or gradients are no longer finite');
    const negative = bits > MINUS_ZERO_BITS && !byMagnitude; // -0 becomes 0
    keys[i] = (negative ? ~bits : bits | MINUS_ZERO_BITS) ^ flip;
  }
  return keys;
}

const INFINITY_BITS = 0x7f800000;
const MINUS_ZERO_BITS = 0x80000000;

function select(keys: Uint32Array, count: number): Uint32Array {
  const chosen = new Uint32Array(count);
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
  let among = keys;
  let rank = count;
  let key = 0;
  for (const { shift, digits } of DIGITS) {
    const histogram = new Uint32Array(digits);
    for (let i = 0; i < among.length; i++) histogram[(among[i]! >>> shift) & (digits - 1)]!++;
    const [digit, rankInside] = bucketOf(histogram, rank);
    key += digit * 2 ** shift;
    rank = rankInside;
    if (shift > 0) among = startingAs(key, shift, among, histogram[digit]!);
  }
  return { key, ties: rank };
}

/** A key from its upper bits on: 11 of them hold the sign and the exponent. */
const DIGITS = [
  { shift: 21, digits: 1 << 11 },
  { shift: 10, digits: 1 << 11 },
  { shift: 0, digits: 1 << 10 },
] as const;

/** The keys, `count` of them, that are the same as `key` above the lowest `shift` bits. */
function startingAs(key: number, shift: number, keys: Uint32Array, count: number): Uint32Array {
  const same = new Uint32Array(count);
  const start = key >>> shift;
  for (let i = 0, filled = 0; filled < count; i++) if (keys[i]! >>> shift === start) same[filled++] = keys[i]!;
  return same;
}

/** The bucket that holds the `rank`-th item (from 1), and that item's rank inside it. */
function bucketOf(histogram: Uint32Array, rank: number): [bucket: number, rankInside: number] {
  let bucket = 0;
  let left = rank;
  while (histogram[bucket]! < left) left -= histogram[bucket++]!;
  return [bucket, left];
}
