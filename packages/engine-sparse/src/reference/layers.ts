/** Convolutions and linear layers: sums over live weights, and the gradients of those weights. */
import { type DenseGradient, type Gather, type OperationOf, PARTIAL, TILE_PLANES, type View, type WeightGradient } from '../ops.ts';
import { besideSlots } from '../taps.ts';
import { at, type Context } from './context.ts';
import { shift } from './moves.ts';

export function gather(p: Gather, c: Context): void {
  for (const phase of phasesOf(p, c)) gatherPhase(phase, c);
  shiftResult(p, c);
}

/** The operation for each phase of its outputs alone. */
function phasesOf(p: Gather, { i, lanes }: Context): Gather[] {
  const { outStep: step, rows, taps, weights } = p;
  return Array.from({ length: step * step }, (_, phase): Gather => {
    const [v, u] = [Math.floor(phase / step), phase % step];
    const part = (view: View): View =>
      view.base < 0 ? view : { ...view, base: view.base + v * view.row + u * lanes, row: step * view.row };
    const first = i[rows + phase]!;
    return {
      ...p,
      ...{ out: part(p.out), start: part(p.start), normed: part(p.normed) },
      ...{ height: Math.ceil((p.height - v) / step), width: Math.ceil((p.width - u) / step) },
      ...(p.op === 'gather'
        ? { rows: rows + phase * p.channelBlocks * (p.planes + 1) }
        : step > 1 && { rows: i[rows + phase + 1]! - first, taps: taps + first, weights: weights + first * p.planes }),
    };
  });
}

function gatherPhase(p: Gather, c: Context): void {
  const { i } = c;
  const slots = p.height * p.width * c.lanes === 1 ? besideSlots(i, p) : undefined;
  for (const run of runsOf(p, c))
    for (let block = 0; block < c.blocks; block++)
      for (let y = 0; y < p.height; y++)
        for (let channels = 0; channels < p.channelBlocks; channels++)
          for (let o = 0; o < p.planes; o++) {
            const out = at(p.out, c, block, o, y) + run.out;
            if (channels === 0) startSums(p, c, block, o, y, run, out);
            const row = p.rows + channels * (p.planes + 1) + o;
            if (slots) addBeside(p, c, slots.subarray(i[row]!, i[row + 1]!), at(p.in, c, block, 0, y), out);
            else addTaps(p, c, i[row]!, i[row + 1]!, at(p.in, c, block, 0, y) + run.in, out, run.length);
            if (channels === p.channelBlocks - 1 && (p.scale >= 0 || p.rectify))
              finish(p, c, o, out, at(p.normed, c, block, o, y) + run.out, run.length);
          }
}

/** Parts of a row in which columns of input and output both lie side by side: where they begin, and floats of each. */
interface Part {
  readonly in: number;
  readonly out: number;
  readonly length: number;
}

function runsOf({ inStep, outStep = 1, width }: { inStep: number; outStep?: number; width: number }, { lanes }: Context): Part[] {
  if (inStep * outStep === 1) return [{ in: 0, out: 0, length: width * lanes }];
  return Array.from({ length: width }, (_, x) => ({ in: x * inStep * lanes, out: x * outStep * lanes, length: lanes }));
}

function shiftResult({ scale, rectify, normed, out, planes, height, width, shifts }: Gather, c: Context): void {
  shift({ out: scale >= 0 || rectify ? normed : out, channels: planes, height, width, shifts }, c);
}

/** The sums of a plane, scaled, shifted, and where `rectify` not below 0. */
function finish(p: Gather, { f }: Context, o: number, sums: number, out: number, run: number): void {
  const scale = p.scale < 0 ? 1 : f[p.scale + o]!;
  const shift = p.scale < 0 ? 0 : f[p.shift + o]!;
  for (let e = 0; e < run; e++) {
    const value = f[sums + e]! * scale + shift;
    f[out + e] = p.rectify && value <= 0 ? 0 : value;
  }
}

/** The bias, and what the sums start from besides. */
function startSums(p: Gather, c: Context, block: number, o: number, y: number, run: Part, out: number): void {
  const { f } = c;
  const bias = p.bias < 0 ? 0 : f[p.bias + o]!;
  if (p.start.base < 0) f.fill(bias, out, out + run.length);
  else {
    const start = at(p.start, c, block, o, y) + run.out;
    for (let e = 0; e < run.length; e++) f[out + e] = f[start + e]! + bias;
  }
}

/** Adds the inputs of the live weights `first` to `end` - 1, times the weights, to a run of outputs: four weights at a time, for speed. */
function addTaps(p: Gather, { f, i }: Context, first: number, end: number, input: number, out: number, run: number): void {
  let k = first;
  for (; k + 3 < end; k += 4) {
    const weight = p.weights + k;
    const tap = p.taps + k;
    const [w0, w1, w2, w3] = [f[weight]!, f[weight + 1]!, f[weight + 2]!, f[weight + 3]!];
    const [x0, x1, x2, x3] = [input + i[tap]!, input + i[tap + 1]!, input + i[tap + 2]!, input + i[tap + 3]!];
    for (let e = 0; e < run; e++) f[out + e]! += w0 * f[x0 + e]! + w1 * f[x1 + e]! + w2 * f[x2 + e]! + w3 * f[x3 + e]!;
  }
  for (; k < end; k++) {
    const weight = f[p.weights + k]!;
    const x = input + i[p.taps + k]!;
    for (let e = 0; e < run; e++) f[out + e]! += weight * f[x + e]!;
  }
}

/** The same for one image's layer of one pixel, whose weights stand in these slots. */
function addBeside(p: Gather, { f, i }: Context, slots: Int32Array, input: number, out: number): void {
  for (const slot of slots) f[out]! += f[p.weights + slot]! * f[input + i[p.taps + slot]!]!;
}

/** A layer with few dead weights, or none: the weights of several planes lie side by side, those of the planes left over alone. */
export function dense(p: Gather, c: Context): void {
  for (const phase of phasesOf(p, c)) densePhase(phase, c);
  shiftResult(p, c);
}

function densePhase(p: Gather, c: Context): void {
  const { f, i } = c;
  const whole = p.planes - (p.planes % TILE_PLANES);
  for (const run of runsOf(p, c))
    for (let block = 0; block < c.blocks; block++)
      for (let y = 0; y < p.height; y++)
        for (let o = 0; o < p.planes; o++) {
          const out = at(p.out, c, block, o, y) + run.out;
          const input = at(p.in, c, block, 0, y) + run.in;
          const side = o < whole ? TILE_PLANES : 1;
          const weights = p.weights + (o - (o % side)) * p.rows + (o % side);
          startSums(p, c, block, o, y, run, out);
          for (let tap = 0; tap < p.rows; tap++) {
            const weight = f[weights + tap * side]!;
            const x = input + i[p.taps + tap]!;
            for (let e = 0; e < run.length; e++) f[out + e]! += weight * f[x + e]!;
          }
          if (p.scale >= 0 || p.rectify) finish(p, c, o, out, at(p.normed, c, block, o, y) + run.out, run.length);
        }
}

/** The first float of a partial sum holds all of it here. */
export function weightGradient(p: WeightGradient, c: Context): void {
  for (let channels = 0; channels < p.channelBlocks; channels++)
    for (let o = 0; o < p.planes; o++) {
      const row = p.rows + channels * (p.planes + 1) + o;
      const first = c.i[row]!;
      sumProducts(p, c, o, p.taps + first, c.i[row + 1]! - first, p.partial + first * PARTIAL, PARTIAL);
    }
}

export function reduce(p: OperationOf<'reduce'>, { f, i }: Context): void {
  for (let k = 0; k < p.count; k++) f[p.out + i[p.order + k]!] = f[p.partial + k * PARTIAL]!;
}

export function denseGradient(p: DenseGradient, c: Context): void {
  for (let o = 0; o < p.planes; o++) sumProducts(p, c, o, p.taps, p.count, p.out + o * p.count, 1);
}

/** For each tap: the sum over all images and pixels of input times output gradient of plane o. Four taps at a time, for speed. */
function sumProducts(
  p: WeightGradient | DenseGradient,
  c: Context,
  o: number,
  taps: number,
  count: number,
  out: number,
  spacing: number,
): void {
  const { f, i } = c;
  const runs = runsOf(p, c);
  for (let k = 0; k < count; k += 4) {
    // Beyond the last tap the last one is summed again, and written to the same place.
    const [k1, k2, k3] = [Math.min(k + 1, count - 1), Math.min(k + 2, count - 1), Math.min(k + 3, count - 1)];
    const [tap0, tap1, tap2, tap3] = [i[taps + k]!, i[taps + k1]!, i[taps + k2]!, i[taps + k3]!];
    let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
    for (let block = 0; block < c.blocks; block++)
      for (let y = 0; y < p.height; y++) {
        for (const run of runs) {
          const input = at(p.in, c, block, 0, y) + run.in;
          const gradient = at(p.gradient, c, block, o, y) + run.out;
          const [x0, x1, x2, x3] = [input + tap0, input + tap1, input + tap2, input + tap3];
          for (let e = 0; e < run.length; e++) {
            const g = f[gradient + e]!;
            sum0 += f[x0 + e]! * g;
            sum1 += f[x1 + e]! * g;
            sum2 += f[x2 + e]! * g;
            sum3 += f[x3 + e]! * g;
          }
        }
      }
    f[out + k * spacing] = sum0;
    f[out + k1 * spacing] = sum1;
    f[out + k2 * spacing] = sum2;
    f[out + k3 * spacing] = sum3;
  }
}

export function biasGradient(p: OperationOf<'biasGradient'>, c: Context): void {
  const { f } = c;
  const run = p.width * c.lanes;
  for (let channel = 0; channel < p.channels; channel++) {
    let sum = 0;
    for (let block = 0; block < c.blocks; block++)
      for (let y = 0; y < p.height; y++) {
        const gradient = at(p.gradient, c, block, channel, y);
        for (let e = 0; e < run; e++) sum += f[gradient + e]!;
      }
    f[p.out + channel] = sum;
  }
}
