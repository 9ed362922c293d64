/** Batch norm: statistics over the images of the batch and the pixels of a channel. */
import type { Affine, Fold, Norm, NormBackward, OperationOf } from '../ops.ts';
import { at, type Context, validLanes } from './context.ts';

export function normTrain(p: Norm, c: Context): void {
  const { f } = c;
  const count = c.batch * p.height * p.width;
  for (let channel = 0; channel < p.channels; channel++) {
    const mean = sumOfPowers(p, c, channel, 0, 1) / count;
    const squares = sumOfPowers(p, c, channel, mean, 2);
    const inverse = 1 / Math.sqrt(squares / count + f[p.eps]!);
    f[p.mean + channel] = mean;
    f[p.variance + channel] = squares / Math.max(count - 1, 1);
    f[p.inverse + channel] = inverse;
  }
  normAgain(p, c);
}

export function normAgain(p: Norm, c: Context): void {
  const { f } = c;
  for (let channel = 0; channel < p.channels; channel++)
    scaleAndShift(p, c, channel, f[p.mean + channel]!, f[p.scale + channel]! * f[p.inverse + channel]!, f[p.shift + channel]!);
}

/** Over the batch's values of one channel: the sum of (value - centre) to the power 1 or 2. */
function sumOfPowers(p: Norm, c: Context, channel: number, centre: number, power: 1 | 2): number {
  const { f } = c;
  let sum = 0;
  for (let block = 0; block < c.blocks; block++)
    for (let y = 0; y < p.height; y++)
      for (let x = 0; x < p.width; x++) {
        const value = at(p.in, c, block, channel, y, x);
        const end = value + validLanes(c, block);
        if (power === 1) for (let n = value; n < end; n++) sum += f[n]! - centre;
        else for (let n = value; n < end; n++) sum += (f[n]! - centre) * (f[n]! - centre);
      }
  return sum;
}

export function fold(p: Fold, { f }: Context): void {
  for (let k = 0; k < p.channels; k++) {
    const scale = f[p.scale + k]! / Math.sqrt(f[p.variance + k]! + f[p.eps]!);
    f[p.outScale + k] = scale;
    f[p.outShift + k] = f[p.shift + k]! - f[p.mean + k]! * scale;
  }
}

export function affine(p: Affine, c: Context): void {
  for (let channel = 0; channel < p.channels; channel++) scaleAndShift(p, c, channel, 0, c.f[p.scale + channel]!, c.f[p.shift + channel]!);
}

function scaleAndShift(p: Norm | Affine, c: Context, channel: number, mean: number, scale: number, shift: number): void {
  const { f } = c;
  const run = p.width * c.lanes;
  for (let block = 0; block < c.blocks; block++)
    for (let y = 0; y < p.height; y++) {
      const x = at(p.in, c, block, channel, y);
      const out = at(p.out, c, block, channel, y);
      for (let e = 0; e < run; e++) {
        const value = (f[x + e]! - mean) * scale + shift;
        f[out + e] = p.rectify && value <= 0 ? 0 : value;
      }
    }
}

/** With z = (x - mean) / deviation: d shift = sum g, d scale = sum g z, dx = scale / deviation * (g - mean(g) - z mean(g z)). */
export function normBackward(p: NormBackward, c: Context): void {
  const { f } = c;
  const run = p.width * c.lanes;
  for (let channel = 0; channel < p.channels; channel++) {
    const mean = f[p.mean + channel]!;
    const inverse = f[p.inverse + channel]!;
    const scale = f[p.scale + channel]!;
    const shift = f[p.shift + channel]!;
    let sum = 0;
    let product = 0;
    for (let block = 0; block < c.blocks; block++)
      for (let y = 0; y < p.height; y++) {
        const x = at(p.in, c, block, channel, y);
        const g = at(p.gradient, c, block, channel, y);
        for (let e = 0; e < run; e++) {
          const z = (f[x + e]! - mean) * inverse;
          if (p.rectify && z * scale + shift <= 0) continue;
          sum += f[g + e]!;
          product += f[g + e]! * z;
        }
      }
    f[p.shiftGradient + channel] = sum;
    f[p.scaleGradient + channel] = product;
    normInputGradient(p, c, channel, sum, product);
  }
}

function normInputGradient(p: NormBackward, c: Context, channel: number, sum: number, product: number): void {
  const { f } = c;
  const count = c.batch * p.height * p.width;
  const mean = f[p.mean + channel]!;
  const inverse = f[p.inverse + channel]!;
  const scale = f[p.scale + channel]!;
  const shift = f[p.shift + channel]!;
  for (let block = 0; block < c.blocks; block++)
    for (let y = 0; y < p.height; y++)
      for (let x = 0; x < p.width; x++) {
        const value = at(p.in, c, block, channel, y, x);
        const g = at(p.gradient, c, block, channel, y, x);
        const out = at(p.out, c, block, channel, y, x);
        const valid = validLanes(c, block);
        const start = p.start.base < 0 ? -1 : at(p.start, c, block, channel, y, x);
        for (let n = 0; n < valid; n++) {
          const z = (f[value + n]! - mean) * inverse;
          const passed = p.rectify && z * scale + shift <= 0 ? 0 : f[g + n]!;
          const d = scale * inverse * (passed - sum / count - (z * product) / count);
          f[out + n] = start < 0 ? d : f[start + n]! + d;
        }
        f.fill(0, out + valid, out + c.lanes);
      }
}

export function running(p: OperationOf<'running'>, c: Context): void {
  const momentum = c.f[p.momentum]!;
  for (let k = 0; k < p.channels; k++) {
    c.f[p.runningMean + k] = (1 - momentum) * c.f[p.runningMean + k]! + momentum * c.f[p.mean + k]!;
    c.f[p.runningVariance + k] = (1 - momentum) * c.f[p.runningVariance + k]! + momentum * c.f[p.variance + k]!;
  }
}
