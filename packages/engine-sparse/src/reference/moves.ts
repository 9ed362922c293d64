/** Operations that move floats or combine them one by one. */
import {
  type Border,
  type Elementwise,
  FULL,
  type OperationOf,
  type Reshape,
  type Shift,
  type Shifts,
  type Split,
  type View,
} from '../ops.ts';
import { at, type Context, validLanes } from './context.ts';

export function load(p: OperationOf<'load'>, c: Context): void {
  const { f } = c;
  const image = p.channels * p.height * p.width;
  for (let block = 0; block < c.blocks; block++)
    for (let channel = 0; channel < p.channels; channel++)
      for (let y = 0; y < p.height; y++)
        for (let x = 0; x < p.width; x++) {
          const out = at(p.out, c, block, channel, y, x);
          const source = p.source + block * c.lanes * image + (channel * p.height + y) * p.width + x;
          const valid = validLanes(c, block);
          for (let n = 0; n < valid; n++) f[out + n] = f[source + n * image]!;
          f.fill(0, out + valid, out + c.lanes);
        }
}

export function unload(p: OperationOf<'unload'>, c: Context): void {
  const pixels = p.height * p.width;
  for (let n = 0; n < c.batch; n++)
    for (let channel = 0; channel < p.channels; channel++)
      for (let k = 0; k < pixels; k++) {
        const input = at(p.in, c, Math.floor(n / c.lanes), channel, Math.floor(k / p.width), k % p.width);
        c.f[p.out + (n * p.channels + channel) * pixels + k] = c.f[input + (n % c.lanes)]!;
      }
}

export function store(p: OperationOf<'store'>, c: Context): void {
  for (let n = 0; n < c.batch; n++)
    for (let k = 0; k < p.classes; k++)
      c.f[p.out + n * p.classes + k] = c.f[at(p.logits, c, Math.floor(n / c.lanes), k, 0) + (n % c.lanes)]!;
}

/** A ReLU lets a value pass that is not a number, so it is not hidden. */
export function elementwise(p: Elementwise, c: Context): void {
  const { f } = c;
  const run = p.width * c.lanes;
  const gated = p.op === 'relu' || p.op === 'reluBackward';
  for (let block = 0; block < c.blocks; block++)
    for (let channel = 0; channel < p.channels; channel++)
      for (let y = 0; y < p.height; y++) {
        const a = at(p.a, c, block, channel, y);
        const b = at(p.b, c, block, channel, y);
        const out = at(p.out, c, block, channel, y);
        for (let e = 0; e < run; e++) {
          const x = f[a + e]!;
          const value = gated && x <= 0 ? 0 : p.op === 'add' ? x + f[b + e]! : f[b + e]!;
          f[out + e] = p.accumulate ? f[out + e]! + value : value;
        }
      }
}

export function reshape(p: Reshape, c: Context): void {
  const place = (view: View, height: number, width: number, block: number, feature: number) => {
    const size = height * width;
    return at(view, c, block, Math.floor(feature / size), Math.floor((feature % size) / width), feature % width);
  };
  for (let block = 0; block < c.blocks; block++)
    for (let feature = 0; feature < p.features; feature++) {
      const input = place(p.in, p.inHeight, p.inWidth, block, feature);
      const out = place(p.out, p.outHeight, p.outWidth, block, feature);
      for (let n = 0; n < c.lanes; n++) c.f[out + n] = p.accumulate ? c.f[out + n]! + c.f[input + n]! : c.f[input + n]!;
    }
}

/** Shift and offset of every copy but the tensor itself. */
function* copies({ first, count, residues, size }: Shifts): Generator<{ readonly shift: number; readonly offset: number }> {
  for (let shift = first; shift < first + count; shift++)
    for (let residue = shift === 0 ? 1 : 0; residue < residues; residue++)
      yield { shift, offset: (shift * residues + residue) * size + (residue * FULL) / 2 };
}

export function shift(p: Omit<Shift, 'op'>, c: Context): void {
  const columns = Math.floor(p.out.row / c.lanes);
  for (const { shift, offset } of copies(p.shifts))
    for (let channel = 0; channel < p.channels; channel++)
      for (let y = 0; y < p.height; y++)
        for (let x = 0; x < columns; x++) {
          const to = at(p.out, c, 0, channel, y, x) + offset;
          const from = at(p.out, c, 0, channel, y, x + shift);
          if (x + shift >= 0 && x + shift < p.width) c.f.copyWithin(to, from, from + c.lanes);
          else c.f.fill(0, to, to + c.lanes);
        }
}

export function split(p: Split, c: Context): void {
  splitAhead(p, c, 0, 0);
  for (const { shift, offset } of copies(p.shifts)) splitAhead(p, c, shift, offset);
}

/** The phases `ahead` columns on, into the tensor or the copy `offset` floats behind it. */
function splitAhead(p: Split, c: Context, ahead: number, offset: number): void {
  const { stride, low } = p;
  for (let block = 0; block < c.blocks; block++)
    for (let plane = 0; plane < p.channels * stride * stride; plane++)
      for (let row = 0; row < p.phaseHeight; row++)
        for (let column = 0; column < p.phaseWidth; column++) {
          const channel = Math.floor(plane / (stride * stride));
          const y = row * stride + (Math.floor(plane / stride) % stride) - low;
          const x = (column + ahead) * stride + (plane % stride) - low;
          const phase = at(p.phases, c, block, plane, row, column) + offset;
          const whole = at(p.whole, c, block, channel, y, x);
          const inside = y >= 0 && y < p.height && x >= 0 && x < p.width;
          if (inside) c.f.copyWithin(phase, whole, whole + c.lanes);
          else c.f.fill(0, phase, phase + c.lanes);
        }
}

/** Live weights into the order in which a layer meets them. */
export function pack(p: OperationOf<'pack'>, { f, i }: Context): void {
  for (let k = 0; k < p.count; k++) f[p.out + k] = i[p.order + k]! < 0 ? 0 : f[p.source + i[p.order + k]!]!;
}

/** Zeros around a picture. */
export function border(p: Border, c: Context): void {
  const left = p.low * c.lanes;
  const right = p.width * c.lanes;
  for (let block = 0; block < c.blocks; block++)
    for (let channel = 0; channel < p.channels; channel++)
      for (let y = -p.low; y < p.height + p.high; y++) {
        const row = at(p.out, c, block, channel, y);
        const end = row - left + p.out.row;
        if (y < 0 || y >= p.height) c.f.fill(0, row - left, end);
        else c.f.fill(0, row - left, row).fill(0, row + right, end);
      }
}
