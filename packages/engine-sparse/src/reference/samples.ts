/** Operations that differ from sample to sample: dropout, and the factors of members. */
import { dropoutKey, dropoutNumber } from '@freetickets/sparse-core';
import type { Dropout, MemberGradient, MemberScale, View } from '../ops.ts';
import { at, type Context } from './context.ts';

/** Drops where what scrambles key (of seed, node, sample) and position (in the sample's (C, H, W)) is below the threshold. */
export function dropout(p: Dropout, c: Context): void {
  const [on, low, high, first] = c.i.subarray(p.draw, p.draw + 4) as unknown as [number, number, number, number];
  const keys = Array.from({ length: c.blocks * c.lanes }, (_, n) => dropoutKey(low, high, p.node, first + n));
  scaleEach(p, c, (n, position) => {
    if (on === 0) return 1;
    return dropoutNumber(keys[n]!, position) < p.threshold ? 0 : c.f[p.scale]!;
  });
}

export function memberScale(p: MemberScale, c: Context): void {
  const pixels = p.height * p.width;
  scaleEach(p, c, (n, position) => c.f[p.scale + ((c.i[p.first]! + n) % p.members) * p.channels + Math.floor(position / pixels)]!);
}

/** Of all images of all blocks, those beyond the batch too: what is 0 there stays 0. */
function scaleEach(p: Dropout | MemberScale, c: Context, factor: (n: number, position: number) => number): void {
  forPixels(p, c, (block, channel, y, x) => {
    const position = (channel * p.height + y) * p.width + x;
    const [input, out] = [at(p.in, c, block, channel, y, x), at(p.out, c, block, channel, y, x)];
    for (let n = 0; n < c.lanes; n++) {
      const value = c.f[input + n]! * factor(block * c.lanes + n, position);
      c.f[out + n] = p.accumulate ? c.f[out + n]! + value : value;
    }
  });
}

export function memberGradient(p: MemberGradient, c: Context): void {
  const sums = new Float64Array(p.members * p.channels);
  forPixels(p, c, (block, channel, y, x) => {
    const of = (view: View) => at(view, c, block, channel, y, x);
    for (let n = 0; n < c.lanes && block * c.lanes + n < c.batch; n++) {
      const member = (block * c.lanes + n) % p.members;
      sums[member * p.channels + channel]! += c.f[of(p.in) + n]! * c.f[of(p.gradient) + n]!;
    }
  });
  c.f.set(sums, p.out);
}

function forPixels(
  { channels, height, width }: Pick<Dropout, 'channels' | 'height' | 'width'>,
  c: Context,
  visit: (block: number, channel: number, y: number, x: number) => void,
): void {
  for (let block = 0; block < c.blocks; block++)
    for (let channel = 0; channel < channels; channel++)
      for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) visit(block, channel, y, x);
}
