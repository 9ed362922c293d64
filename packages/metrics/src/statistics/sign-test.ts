import { differences } from './paired.ts';

export interface SignTest {
  /** Pairs with a above b, and below it; equal pairs are left out. */
  readonly above: number;
  readonly below: number;
  /** Two-sided. */
  readonly p: number;
}

/**
 * Exact sign test: how likely a fair coin is to favour one side at least this much. Assumes nothing about the sizes of differences. p is 1
 * when no pair differs.
 * @throws SparseError SHAPE_MISMATCH without a pair or for arrays of different lengths, NON_FINITE
 */
export function signTest(a: readonly number[], b: readonly number[]): SignTest {
  const apart = differences(a, b, 1);
  const above = apart.filter((difference) => difference > 0).length;
  const below = apart.filter((difference) => difference < 0).length;
  const pairs = above + below;
  let logTerm = -pairs * Math.LN2; // ln of P(0 heads); the terms themselves underflow beyond 1,074 pairs
  let tail = 0;
  for (let heads = 0; heads <= Math.min(above, below); heads++) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((pairs - heads) / (heads + 1));
  }
  return { above, below, p: Math.min(1, 2 * tail) };
}
