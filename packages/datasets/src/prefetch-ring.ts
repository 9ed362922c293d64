/**
 * The memory between a worker that makes batches and the thread that takes them: a few slots used in turn, and three counters. Data only;
 * who waits for whom, and how, is in `loader-worker.node.ts` and `loader.node.ts`.
 */

import type { Slot } from './batch-maker.ts';

export interface RingSizes {
  readonly slots: number;
  readonly batchSize: number;
  /** Values of one picture. */
  readonly pixels: number;
  /** Whether batches have mixed labels. */
  readonly mixes: boolean;
}

export interface Ring extends RingSizes {
  /** (slots, batchSize, pixels) */
  readonly images: Float32Array;
  /** (slots, batchSize) */
  readonly labels: Int32Array;
  /** (slots, batchSize), both; empty unless `mixes`. */
  readonly mixedLabels: Int32Array;
  readonly shares: Float32Array;
  readonly counters: Int32Array;
}

/** Places in `counters`. */
export const Counter = {
  /** Batches that the worker has finished in this pass. */
  made: 0,
  /** Batches whose slots may be written again. */
  free: 1,
  /** 1 while the taker sleeps and wants a message. */
  waiting: 2,
} as const;

export function newRing(sizes: RingSizes): Ring {
  const { slots, batchSize, pixels, mixes } = sizes;
  const values = slots * batchSize;
  const mixed = mixes ? values : 0;
  return {
    ...sizes,
    images: new Float32Array(new SharedArrayBuffer(4 * values * pixels)),
    labels: new Int32Array(new SharedArrayBuffer(4 * values)),
    mixedLabels: new Int32Array(new SharedArrayBuffer(4 * mixed)),
    shares: new Float32Array(new SharedArrayBuffer(4 * mixed)),
    counters: new Int32Array(new SharedArrayBuffer(4 * 3)),
  };
}

/** Where the batch with this number lies, `size` samples of it: views of the ring. */
export function slotOf(ring: Ring, index: number, size: number): Slot {
  const first = (index % ring.slots) * ring.batchSize;
  return {
    images: ring.images.subarray(first * ring.pixels, (first + size) * ring.pixels),
    labels: ring.labels.subarray(first, first + size),
    ...(ring.mixes && {
      mixed: { labels: ring.mixedLabels.subarray(first, first + size), shares: ring.shares.subarray(first, first + size) },
    }),
  };
}
