/** Pooling over windows of one channel. */
import type { Pool } from '../ops.ts';
import { at, type Context } from './context.ts';

/** Calls `visit` for every pixel (y, x) of the pooled side. */
function forPooled(p: Pool, c: Context, visit: (block: number, channel: number, y: number, x: number) => void): void {
  for (let block = 0; block < c.blocks; block++)
    for (let channel = 0; channel < p.channels; channel++)
      for (let y = 0; y < p.height; y++) for (let x = 0; x < p.width; x++) visit(block, channel, y, x);
}

/** Calls `visit` for every pixel (v, u) of the window of (y, x) that lies in the picture, in row order. */
function forWindow(p: Pool, y: number, x: number, visit: (v: number, u: number) => void): void {
  const top = y * p.stride - p.pad;
  const left = x * p.stride - p.pad;
  for (let v = Math.max(top, 0); v < Math.min(top + p.kernelHeight, p.inHeight); v++)
    for (let u = Math.max(left, 0); u < Math.min(left + p.kernelWidth, p.inWidth); u++) visit(v, u);
}

export function maxPool(p: Pool, c: Context): void {
  const { f } = c;
  forPooled(p, c, (block, channel, y, x) => {
    const out = at(p.out, c, block, channel, y, x);
    f.fill(-Infinity, out, out + c.lanes);
    forWindow(p, y, x, (v, u) => {
      const pixel = at(p.in, c, block, channel, v, u);
      for (let n = 0; n < c.lanes; n++) f[out + n] = Math.max(f[out + n]!, f[pixel + n]!);
    });
  });
}

/** The first pixel of a window that holds its maximum receives the gradient, as in PyTorch. */
export function maxPoolBackward(p: Pool, c: Context): void {
  const { f } = c;
  clear(p, c);
  const largest = new Float32Array(c.lanes);
  const target = new Int32Array(c.lanes);
  forPooled(p, c, (block, channel, y, x) => {
    target.fill(-1);
    forWindow(p, y, x, (v, u) => {
      const pixel = at(p.in, c, block, channel, v, u);
      const out = at(p.out, c, block, channel, v, u);
      for (let n = 0; n < c.lanes; n++) {
        if (target[n]! >= 0 && !(f[pixel + n]! > largest[n]!)) continue;
        largest[n] = f[pixel + n]!;
        target[n] = out + n;
      }
    });
    const gradient = at(p.gradient, c, block, channel, y, x);
    for (let n = 0; n < c.lanes; n++) f[target[n]!]! += f[gradient + n]!;
  });
}

export function averagePool(p: Pool, c: Context): void {
  const { f } = c;
  const size = p.kernelHeight * p.kernelWidth;
  forPooled(p, c, (block, channel, y, x) => {
    const out = at(p.out, c, block, channel, y, x);
    f.fill(0, out, out + c.lanes);
    forWindow(p, y, x, (v, u) => {
      const pixel = at(p.in, c, block, channel, v, u);
      for (let n = 0; n < c.lanes; n++) f[out + n]! += f[pixel + n]! / size;
    });
  });
}

export function averagePoolBackward(p: Pool, c: Context): void {
  const { f } = c;
  clear(p, c);
  const size = p.kernelHeight * p.kernelWidth;
  forPooled(p, c, (block, channel, y, x) => {
    const gradient = at(p.gradient, c, block, channel, y, x);
    forWindow(p, y, x, (v, u) => {
      const pixel = at(p.out, c, block, channel, v, u);
      for (let n = 0; n < c.lanes; n++) f[pixel + n]! += f[gradient + n]! / size;
    });
  });
}

function clear(p: Pool, c: Context): void {
  if (p.accumulate) return;
  for (let block = 0; block < c.blocks; block++)
    for (let channel = 0; channel < p.channels; channel++)
      for (let y = 0; y < p.inHeight; y++) {
        const out = at(p.out, c, block, channel, y);
        c.f.fill(0, out, out + p.inWidth * c.lanes);
      }
}
