/**
 * Random numbers by name, not by turn. A stream is a function of (seed, names); draw i of a stream is a function of i. So adding a
 * draw in one place never moves another, and nothing of a generator needs saving to resume a run.
 * @source Philox4x32-10, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011
 */
import { SparseError } from './errors.ts';

export interface Stream {
  /** Uniform over all 32-bit unsigned integers. */
  uint32(): number;
  /** Uniform in [0, 1), 32 bits of resolution. */
  uniform(): number;
  /** Standard normal, by Box and Muller. */
  normal(): number;
  /** Uniform over 0 .. n-1, without bias; n at most 2^32. */
  below(n: number): number;
  /** Shuffles in place (Fisher and Yates). */
  shuffle<T extends Uint32Array | unknown[]>(items: T): T;
  /** `count` of the numbers 0 .. n-1, without replacement, sorted. */
  sample(n: number, count: number): Uint32Array;
}

export interface Rng {
  /** The stream of these names; the same names give the same stream from its start. */
  stream(...names: readonly (string | number)[]): Stream;
}

/** @param seed any whole number up to 2^53 */
export function rng(seed: number): Rng {
  return {
    stream(...names) {
      const [k0, k1] = keyOf(JSON.stringify([seed, ...names]));
      return new PhiloxStream(k0, k1);
    },
  };
}

/** 64 bits from a text: two FNV-1a hashes over its UTF-16 units, each ended by an avalanche step (MurmurHash3's). */
function keyOf(text: string): [number, number] {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ (unit * 31 + i), 0x01000193);
  }
  return [avalanche(a), avalanche(b ^ a)];
}

function avalanche(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Ten rounds of Philox on one counter block. Exported for its known-answer test. */
export function philox4x32(
  counter: readonly [number, number, number, number],
  key: readonly [number, number],
): [number, number, number, number] {
  let [c0, c1, c2, c3] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < 10; round++) {
    const hi0 = mulHigh(0xd2511f53, c0);
    const lo0 = Math.imul(0xd2511f53, c0) >>> 0;
    const hi1 = mulHigh(0xcd9e8d57, c2);
    const lo1 = Math.imul(0xcd9e8d57, c2) >>> 0;
    c0 = (hi1 ^ c1 ^ k0) >>> 0;
    c1 = lo1;
    c2 = (hi0 ^ c3 ^ k1) >>> 0;
    c3 = lo0;
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [c0, c1, c2, c3];
}

/** Upper 32 bits of an unsigned 32 x 32 product, by 16-bit halves (exact in doubles). Exported for its test. */
export function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle % 0x10000);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(carry / 0x10000)) >>> 0;
}

class PhiloxStream implements Stream {
  readonly #key: readonly [number, number];
  #block = 0;
  #words: readonly number[] = [];
  #next = 4;
  #spareNormal: number | undefined;

  constructor(k0: number, k1: number) {
    this.#key = [k0, k1];
  }

  uint32(): number {
    if (this.#next === 4) {
      this.#words = philox4x32([this.#block >>> 0, Math.floor(this.#block / 2 ** 32), 0, 0], this.#key);
      this.#block++;
      this.#next = 0;
    }
    return this.#words[this.#next++]!;
  }

  uniform(): number {
    return this.uint32() / 2 ** 32;
  }

  normal(): number {
    if (this.#spareNormal !== undefined) {
      const spare = this.#spareNormal;
      this.#spareNormal = undefined;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > 2 ** 32)
      throw new SparseError('INVALID_ARGUMENT', 'below', 'a whole number from 1 to 2^32', n);
    const limit = 2 ** 32 - (2 ** 32 % n);
    for (;;) {
      const word = this.uint32();
      if (word < limit) return word % n;
    }
  }

  shuffle<T extends Uint32Array | unknown[]>(items: T): T {
    const list = items as unknown[];
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const held = list[i];
      list[i] = list[j];
      list[j] = held;
    }
    return items;
  }

  sample(n: number, count: number): Uint32Array {
    if (!Number.isInteger(count) || count < 0 || count > n)
      throw new SparseError('INVALID_ARGUMENT', 'sample', `a count from 0 to ${n}`, count);
    const pool = Uint32Array.from({ length: n }, (_, i) => i);
    for (let i = 0; i < count; i++) {
      const j = i + this.below(n - i);
      const held = pool[i]!;
      pool[i] = pool[j]!;
      pool[j] = held;
    }
    return pool.slice(0, count).sort();
  }
}
