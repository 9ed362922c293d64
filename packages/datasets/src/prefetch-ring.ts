/**
 * The memory between a worker that makes batches and the thread that takes them: a few slots used in turn, and three counters. Data only;
 * who waits for whom, and how, is in `loader-worker.node.ts` and `loader.node.ts`.
 */

export interface Ring {
  readonly slots: number;
  readonly batchSize: number;
  /** Values of one picture. */
  readonly pixels: number;
  /** (slots, batchSize, pixels) */
  readonly images: Float32Array;
  /** (slots, batchSize) */
  readonly labels: Int32Array;
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

export function newRing(slots: number, batchSize: number, pixels: number): Ring {
  const values = slots * batchSize;
  return {
    slots,
    batchSize,
    pixels,
    images: new Float32Array(new SharedArrayBuffer(4 * values * pixels)),
    labels: new Int32Array(new SharedArrayBuffer(4 * values)),
    counters: new Int32Array(new SharedArrayBuffer(4 * 3)),
  };
}

/** Where one batch lies: views of the ring. */
export interface Slot {
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** Where the batch with this number lies, `size` samples of it. */
export function slotOf(ring: Ring, index: number, size: number): Slot {
  const first = (index % ring.slots) * ring.batchSize;
  return {
    images: ring.images.subarray(first * ring.pixels, (first + size) * ring.pixels),
    labels: ring.labels.subarray(first, first + size),
  };
}
