/** Which floats are large. */
import type { Mark } from '../ops.ts';
import type { Context } from './context.ts';

export function mark(p: Mark, { f }: Context): void {
  const words = new Uint32Array(f.buffer, f.byteOffset + 4 * p.out, Math.ceil(p.count / 32)).fill(0);
  for (let k = 0; k < p.count; k++) if (!(Math.abs(f[p.in + k]!) < f[p.least]!)) words[k >> 5]! |= 1 << (k & 31);
}
