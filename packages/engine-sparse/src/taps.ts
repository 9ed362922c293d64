/**
 * From a topology to the index arrays of the kernels. A live weight becomes a *tap*: the one offset into the input at which it multiplies.
 * Weights are ordered by (block of input channels, output plane), so that the inputs of a block stay in the L1 cache; `order` says which
 * live weight stands where. Only these arrays change when a layer is rewired.
 */
import type { View } from './ops.ts';

/** How a convolution (or linear layer: one pixel, kernel 1) meets its input. */
export interface Window {
  readonly outputs: number;
  readonly inputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  /** Stride above 1: border of the picture that was split into phases; else 0. */
  readonly low: number;
}

/** Offsets of index arrays in the integers of the arena. */
export interface TapArrays {
  readonly rows: number;
  readonly taps: number;
  readonly order: number;
  readonly planes: number;
  readonly channelBlocks: number;
  readonly channelsPerBlock: number;
}

/** Phase planes that one input channel becomes under this stride. */
export const phasesOf = (stride: number): number => stride * stride;

/** Input plane of a tap, and the pixel of it that the output pixel (0, 0) sees. */
function tapAt(w: Window, channel: number, ky: number, kx: number): { plane: number; y: number; x: number } {
  if (w.stride === 1) return { plane: channel, y: ky - w.pad, x: kx - w.pad };
  const v = ky - w.pad + w.low;
  const u = kx - w.pad + w.low;
  return {
    plane: (channel * w.stride + (v % w.stride)) * w.stride + (u % w.stride),
    y: Math.floor(v / w.stride),
    x: Math.floor(u / w.stride),
  };
}

/** Offset of a tap in the (phase-split) input. */
function forwardTap(w: Window, input: View, lanes: number, channel: number, ky: number, kx: number): number {
  const { plane, y, x } = tapAt(w, channel, ky, kx);
  return plane * input.plane + y * input.row + x * lanes;
}

/** The taps of a dense row (one output), in the order of positions (channel, ky, kx). */
export function denseTaps(w: Window, input: View, lanes: number): Int32Array {
  const taps = new Int32Array(w.inputs * w.kernel * w.kernel);
  let k = 0;
  for (let channel = 0; channel < w.inputs; channel++)
    for (let ky = 0; ky < w.kernel; ky++) for (let kx = 0; kx < w.kernel; kx++) taps[k++] = forwardTap(w, input, lanes, channel, ky, kx);
  return taps;
}

interface Tap {
  readonly output: number;
  readonly channel: number;
  readonly ky: number;
  readonly kx: number;
}

/** @param live sorted positions in (O, I, kh, kw), or undefined for a dense weight of `count` values */
function forEachTap(w: Window, live: Uint32Array | undefined, count: number, visit: (tap: Tap, k: number) => void): void {
  const area = w.kernel * w.kernel;
  for (let k = 0; k < count; k++) {
    const position = live ? live[k]! : k;
    const pixel = position % area;
    const channel = Math.floor(position / area) % w.inputs;
    visit({ output: Math.floor(position / (area * w.inputs)), channel, ky: Math.floor(pixel / w.kernel), kx: pixel % w.kernel }, k);
  }
}

/** Fills the arrays for the forward pass: rows are outputs, blocks are of input channels. */
export function fillForward(ints: Int32Array, at: TapArrays, w: Window, live: Uint32Array | undefined, count: number, input: View, lanes: number): void {
  fill(
    ints,
    at,
    (visit) => forEachTap(w, live, count, visit),
    (tap) => tap.output,
    (tap) => tap.channel,
    (tap) => forwardTap(w, input, lanes, tap.channel, tap.ky, tap.kx),
  );
}

/** Fills the arrays for the input's gradient: rows are (phase planes of) input channels, blocks are of outputs; taps see the gradient. */
export function fillBackward(ints: Int32Array, at: TapArrays, w: Window, live: Uint32Array | undefined, count: number, gradient: View, lanes: number): void {
  fill(
    ints,
    at,
    (visit) => forEachTap(w, live, count, visit),
    (tap) => tapAt(w, tap.channel, tap.ky, tap.kx).plane,
    (tap) => tap.output,
    (tap) => {
      const { y, x } = tapAt(w, tap.channel, tap.ky, tap.kx);
      return tap.output * gradient.plane - y * gradient.row - x * lanes;
    },
  );
}

/** A stable counting sort of the live weights by (block, row). */
function fill(
  ints: Int32Array,
  at: TapArrays,
  each: (visit: (tap: Tap, k: number) => void) => void,
  rowOf: (tap: Tap) => number,
  channelOf: (tap: Tap) => number,
  offsetOf: (tap: Tap) => number,
): void {
  const stride = at.planes + 1;
  const bucketOf = (tap: Tap) => Math.floor(channelOf(tap) / at.channelsPerBlock) * stride + rowOf(tap);
  const next = new Int32Array(at.channelBlocks * stride);
  each((tap) => {
    const bucket = bucketOf(tap);
    next[bucket] = next[bucket]! + 1;
  });
  let start = 0;
  for (let bucket = 0; bucket < next.length; bucket++) {
    const size = next[bucket]!;
    next[bucket] = start;
    ints[at.rows + bucket] = start;
    start += size;
  }
  each((tap, k) => {
    const bucket = bucketOf(tap);
    const slot = next[bucket]!;
    next[bucket] = slot + 1;
    ints[at.taps + slot] = offsetOf(tap);
    ints[at.order + slot] = k;
  });
}
