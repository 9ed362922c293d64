import type { Reals } from './reals.ts';

/** The index of the largest of `count` values that begin at `offset`, counted from there; the lowest such index on a tie. */
export function argmax(values: Reals, offset: number, count: number): number {
  let best = 0;
  for (let c = 1; c < count; c++) if (values[offset + c]! > values[offset + best]!) best = c;
  return best;
}
