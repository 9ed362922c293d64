/** Numbers that PyTorch's side has from the same formulas (tooling/golden/make_networks.py), so that networks of full size need no files of weights. */
import { crc32 } from 'node:zlib';
import type { Network, ParamName } from '@freetickets/sparse-core';

/** Numbers of [0, 1): the finalizer of MurmurHash3 on the position plus the CRC-32 of the name. */
export function uniform(name: string, size: number, use: (u: number) => number): Float32Array {
  const start = crc32(name);
  const values = new Float32Array(size);
  for (let i = 0; i < size; i++) {
    let x = i + start;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    values[i] = use(((x ^ (x >>> 16)) >>> 0) / 2 ** 32);
  }
  return values;
}

/** Weights of unit gain, scales and variances in [0.5, 1.5), everything else in [-0.5, 0.5). */
export const formulaValues = (net: Network): Map<ParamName, Float32Array> =>
  new Map(
    [...net.params].map(([param, { kind, size, shape }]) => {
      const scale = Math.sqrt(6 / shape.slice(1).reduce((a, b) => a * b, 1));
      if (kind === 'weight') return [param, uniform(param, size, (u) => (2 * u - 1) * scale)] as const;
      const shift = kind === 'scale' || kind === 'runningVariance' ? 0.5 : -0.5;
      return [param, uniform(param, size, (u) => u + shift)] as const;
    }),
  );
