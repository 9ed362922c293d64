/**
 * From a topology to the index arrays of the kernels. A live weight becomes a *tap*: the one offset into the input at which it multiplies.
 * Weights are ordered by (block of input channels, output plane), so that the inputs of a block stay in the L1 cache; `order` says which
 * live weight stands where. Only these arrays change when a layer is rewired.
 */
import type { Tensor } from './arena.ts';
import { FULL, type Shifts, TILE_PLANES, type View } from './ops.ts';

/** How a convolution (or linear layer: one pixel, kernel 1) meets its input. */
export interface Window {
  readonly outputs: number;
  readonly inputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly pad: number;
  /** Where the input is a picture split into phases: its border. */
  readonly low: number | undefined;
}

/** Offsets of index arrays in the integers of the arena. */
export interface TapArrays {
  /**
   * Few dead weights, or none: every plane has the same taps, and `rows` of them. With several phases, `rows` is where it stands with which tap
   * each of them begins.
   */
  readonly dense: boolean;
  readonly rows: number;
  /** Of the input's gradient under a stride; else 1. */
  readonly phases: number;
  /** Weights as the layer's operation reads them: a dense one meets dead ones as zeros. */
  readonly packed: number;
  readonly taps: number;
  readonly order: number;
  readonly planes: number;
  readonly channelBlocks: number;
  readonly channelsPerBlock: number;
  /** Tiles span two rows. */
  readonly pairs: boolean;
  /** Weights of `FULL` rows stand side by side (`besideSlots`). */
  readonly beside: boolean;
}

/** Phases that a picture has under this stride. */
export const phasesOf = (stride: number): number => stride * stride;

/** Input plane of a tap, and the pixel of it that the output pixel (0, 0) sees. */
function tapAt(w: Window, channel: number, ky: number, kx: number): { plane: number; y: number; x: number } {
  if (w.low === undefined) return { plane: channel, y: ky - w.pad, x: kx - w.pad };
  const v = ky - w.pad + w.low;
  const u = kx - w.pad + w.low;
  return {
    plane: (channel * w.stride + (v % w.stride)) * w.stride + (u % w.stride),
    y: Math.floor(v / w.stride),
    x: Math.floor(u / w.stride),
  };
}

/** The phase of the input whose pixel (0, 0) a tap multiplies, and of which output pixel the gradient belongs to it: (-y, -x). */
function phaseAt({ stride, pad }: Window, ky: number, kx: number): { phase: number; y: number; x: number } {
  const [y, x] = [Math.floor((ky - pad) / stride), Math.floor((kx - pad) / stride)];
  return { phase: (ky - pad - y * stride) * stride + (kx - pad - x * stride), y, x };
}

/** The taps of a dense row (one output), in the order of positions (channel, ky, kx): offsets in the (phase-split) input. */
export function denseTaps(w: Window, input: Pick<Tensor, 'view' | 'shifts'>, lanes: number): Int32Array {
  const { view, shifts } = input;
  return forEachPlace(w, (channel, ky, kx) => {
    const { plane, y, x } = tapAt(w, channel, ky, kx);
    return plane * view.plane + y * view.row + (shifts.count > 0 ? shiftedBy(shifts, x, y) : x * lanes);
  });
}

/** Planes of an input channel that a layer reads: phases, in all shifts. */
export function planesRead(w: Window, { view, shifts }: Pick<Tensor, 'view' | 'shifts'>): number {
  const starts = forEachPlace({ ...w, inputs: 1 }, (_, ky, kx) => {
    const { plane, y, x } = tapAt(w, 0, ky, kx);
    return plane * view.plane + shiftedBy(shifts, x, y);
  });
  return new Set(starts).size;
}

/** From a tensor to the copy of it in which a tap (x, y) is aligned. */
function shiftedBy({ residues, size }: Shifts, x: number, y: number): number {
  const residue = residues === 2 ? y & 1 : 0;
  return (x * residues + residue) * size + (residue * FULL) / 2;
}

/** One number for each place (channel, ky, kx) that the weights of one output have. */
function forEachPlace(w: Window, value: (channel: number, ky: number, kx: number) => number): Int32Array {
  const numbers = new Int32Array(w.inputs * w.kernel * w.kernel);
  let place = 0;
  for (let channel = 0; channel < w.inputs; channel++)
    for (let ky = 0; ky < w.kernel; ky++) for (let kx = 0; kx < w.kernel; kx++) numbers[place++] = value(channel, ky, kx);
  return numbers;
}

function forEachOutput(w: Window, value: (output: number) => number): Int32Array {
  const numbers = new Int32Array(w.outputs);
  for (let output = 0; output < w.outputs; output++) numbers[output] = value(output);
  return numbers;
}

/**
 * Fills the arrays for the forward pass: rows are outputs, blocks are of input channels. Live weights of one row and block stand together in
 * `live` already, so each part of it is copied to its place.
 * @param live sorted positions in (O, I, kh, kw), or undefined for a dense weight of `count` values
 */
export function fillForward(
  ints: Int32Array,
  at: TapArrays,
  w: Window,
  live: Uint32Array | undefined,
  count: number,
  input: Pick<Tensor, 'view' | 'shifts'>,
  lanes: number,
): void {
  const positions = live ?? allPositions(count);
  const offsets = remembered(forwardOffsets, at, () => denseTaps(w, input, lanes));
  const ends = partEnds(at, w, positions);
  const { rows, taps, order, planes, channelBlocks } = at;
  let slot = 0;
  for (let block = 0; block < channelBlocks; block++) {
    const row = rows + block * (planes + 1);
    for (let output = 0; output < planes; output++) {
      ints[row + output] = slot;
      const part = output * channelBlocks + block;
      const start = output * offsets.length;
      for (let k = part > 0 ? ends[part - 1]! : 0; k < ends[part]!; k++) {
        ints[taps + slot] = offsets[positions[k]! - start]!;
        ints[order + slot++] = k;
      }
    }
    ints[row + planes] = slot;
  }
  if (at.beside) for (const array of [taps, order]) moveTo(besideSlots(ints, at), ints.subarray(array, array + slot));
}

function moveTo(slots: Int32Array, numbers: Int32Array): void {
  const before = numbers.slice();
  for (let k = 0; k < slots.length; k++) numbers[slots[k]!] = before[k]!;
}

/** For each output and block of channels: which of the sorted positions are the last of theirs, plus 1. */
function partEnds(at: TapArrays, w: Window, positions: Uint32Array): Int32Array {
  const area = w.kernel * w.kernel;
  const ends = new Int32Array(w.outputs * at.channelBlocks);
  for (let part = 0, k = 0; part < ends.length; part++) {
    const output = Math.floor(part / at.channelBlocks);
    const channels = Math.min(w.inputs, ((part % at.channelBlocks) + 1) * at.channelsPerBlock);
    const end = (output * w.inputs + channels) * area;
    while (k < positions.length && positions[k]! < end) k++;
    ends[part] = k;
  }
  return ends;
}

/**
 * What the output and what the place of a weight add to its bucket (block of channels, row) and to its offset: both are plain sums, so a few
 * small tables serve all live weights.
 */
interface Sums {
  readonly outputBucket: Int32Array;
  readonly outputOffset: Int32Array;
  readonly placeBucket: Int32Array;
  readonly placeOffset: Int32Array;
}

// Tables of arrays that have been filled before: they do not depend on what lives.
const forwardOffsets = new WeakMap<TapArrays, Int32Array>();
const backwardSums = new WeakMap<TapArrays, Sums>();

function remembered<Table extends object>(tables: WeakMap<TapArrays, Table>, at: TapArrays, make: () => Table): Table {
  const table = tables.get(at) ?? make();
  tables.set(at, table);
  return table;
}

const allPositions = (count: number): Uint32Array => Uint32Array.from({ length: count }, (_, position) => position);

/** Fills the arrays for the input's gradient: rows are input channels, in each phase; blocks are of outputs; taps see the gradient. */
export function fillBackward(
  ints: Int32Array,
  at: TapArrays,
  w: Window,
  live: Uint32Array | undefined,
  count: number,
  gradient: View,
  lanes: number,
): void {
  const sums = remembered(backwardSums, at, () => ({
    outputBucket: forEachOutput(w, (output) => bucketsBefore(at, output)),
    outputOffset: forEachOutput(w, (output) => output * gradient.plane),
    placeBucket: forEachPlace(w, (channel, ky, kx) => phaseAt(w, ky, kx).phase * bucketsOf(at) + channel),
    placeOffset: forEachPlace(w, (_, ky, kx) => {
      const { y, x } = phaseAt(w, ky, kx);
      return -y * gradient.row - x * lanes;
    }),
  }));
  fill(ints, at, live ?? allPositions(count), sums);
}

/** Fills the arrays of a layer with few dead weights, or none (`live` undefined), for the forward pass: a plane is an output. */
export function fillDenseForward(
  ints: Int32Array,
  at: TapArrays,
  w: Window,
  live: Uint32Array | undefined,
  input: Pick<Tensor, 'view' | 'shifts'>,
  lanes: number,
): void {
  const weights = liveAt(at, live);
  fillDense(ints, at, denseTaps(w, input, lanes), (output, tap) => weights(output * at.rows + tap));
}

/** The same for the input's gradient: a plane is an input channel, the taps of one phase stand behind those of another. */
export function fillDenseBackward(
  ints: Int32Array,
  at: TapArrays,
  w: Window,
  live: Uint32Array | undefined,
  gradient: View,
  lanes: number,
): void {
  const area = w.kernel * w.kernel;
  const weights = liveAt(at, live);
  const places = Array.from({ length: area }, (_, place) => ({ place, ...phaseAt(w, Math.floor(place / w.kernel), place % w.kernel) }));
  let first = 0;
  for (let phase = 0; phase < at.phases; phase++) {
    const own = places.filter((one) => one.phase === phase);
    const rows = own.length * w.outputs;
    const taps = new Int32Array(rows);
    for (let tap = 0; tap < rows; tap++) {
      const { y, x } = own[tap % own.length]!;
      taps[tap] = Math.floor(tap / own.length) * gradient.plane - y * gradient.row - x * lanes;
    }
    const positionOf = (channel: number, tap: number) =>
      (Math.floor(tap / own.length) * w.inputs + channel) * area + own[tap % own.length]!.place;
    fillDense(ints, { ...at, rows, taps: at.taps + first, order: at.order + first * at.planes }, taps, (channel, tap) =>
      weights(positionOf(channel, tap)),
    );
    if (at.phases > 1) ints.set([first, first + rows], at.rows + phase);
    first += rows;
  }
}

/** Which live weight stands at a position; -1: none. */
function liveAt(at: TapArrays, live: Uint32Array | undefined): (position: number) => number {
  if (!live) return (position) => position;
  const indices = new Int32Array(at.packed).fill(-1);
  for (let k = 0; k < live.length; k++) indices[live[k]!] = k;
  return (position) => indices[position]!;
}

/** @param live which weight a plane multiplies at a tap */
function fillDense(ints: Int32Array, at: TapArrays, taps: Int32Array, live: (plane: number, tap: number) => number): void {
  ints.set(taps, at.taps);
  const whole = at.planes - (at.planes % TILE_PLANES);
  for (let plane = 0; plane < at.planes; plane++) {
    const side = plane < whole ? TILE_PLANES : 1;
    const start = at.order + (plane - (plane % side)) * at.rows + (plane % side);
    for (let tap = 0; tap < at.rows; tap++) ints[start + tap * side] = live(plane, tap);
  }
}

const bucketsOf = (at: TapArrays): number => at.channelBlocks * (at.planes + 1);

/** Buckets of the blocks before the one that a channel is in. */
const bucketsBefore = (at: TapArrays, channel: number): number => Math.floor(channel / at.channelsPerBlock) * (at.planes + 1);

/**
 * Where the weights of one image's layer of one pixel stand, row by row: those of `FULL` rows side by side as far as all of them reach, the rest
 * of each row behind. So a vector has the sums of as many outputs; rows of equal length, as constant fan-in and N:M make them, have no rest.
 */
export function besideSlots(ints: Int32Array, { rows, planes }: Pick<TapArrays, 'rows' | 'planes'>): Int32Array {
  const starts = ints.subarray(rows, rows + planes + 1);
  const slots = new Int32Array(starts[planes]!);
  for (let first = 0; first < planes; first += FULL) {
    const end = Math.min(planes, first + FULL);
    let common = end - first < FULL ? 0 : Number.POSITIVE_INFINITY;
    for (let row = first; row < end; row++) common = Math.min(common, starts[row + 1]! - starts[row]!);
    let rest = starts[first]! + common * FULL;
    for (let row = first; row < end; row++)
      for (let k = starts[row]!, n = 0; k < starts[row + 1]!; k++, n++)
        slots[k] = n < common ? starts[first]! + n * FULL + row - first : rest++;
  }
  return slots;
}

/** A stable counting sort of the live weights by bucket. */
function fill(ints: Int32Array, at: TapArrays, live: Uint32Array, sums: Sums): void {
  const next = new Int32Array(at.phases * bucketsOf(at));
  const { buckets, offsets } = placed(live, sums, next);
  let start = 0;
  for (let bucket = 0; bucket < next.length; bucket++) {
    const size = next[bucket]!;
    next[bucket] = start;
    ints[at.rows + bucket] = start;
    start += size;
  }
  const { taps, order } = at;
  for (let k = 0; k < buckets.length; k++) {
    const slot = next[buckets[k]!]!++;
    ints[taps + slot] = offsets[k]!;
    ints[order + slot] = k;
  }
}

/** Bucket and offset of each live weight; `sizes` counts how many each bucket gets. */
function placed(live: Uint32Array, sums: Sums, sizes: Int32Array): { buckets: Int32Array; offsets: Int32Array } {
  const { outputBucket, outputOffset, placeBucket, placeOffset } = sums;
  const count = live.length;
  const buckets = new Int32Array(count);
  const offsets = new Int32Array(count);
  for (let output = 0, k = 0, start = 0; k < count; output++, start += placeBucket.length) {
    const bucket = outputBucket[output]!;
    const offset = outputOffset[output]!;
    for (; k < count; k++) {
      const place = live[k]! - start;
      if (place >= placeBucket.length) break;
      const own = bucket + placeBucket[place]!;
      buckets[k] = own;
      offsets[k] = offset + placeOffset[place]!;
      sizes[own]!++;
    }
  }
  return { buckets, offsets };
}
