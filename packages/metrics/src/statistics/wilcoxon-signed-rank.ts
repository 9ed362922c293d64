/** Wilcoxon's signed rank test of paired results: which method wins, weighted by the rank of how much. */
import { normalCdf } from './normal.ts';
import { differences } from './paired.ts';

export interface SignedRankTest {
  /** The smaller of the rank sums of positive and negative differences. */
  readonly statistic: number;
  /** Two-sided. */
  readonly p: number;
  /** Pairs that differ; pairs that do not are left out. */
  readonly pairs: number;
}

/** Up to here every sign pattern is counted; beyond, the normal limit is good to three digits of any p that matters. */
const EXACT_PAIRS = 200;

/**
 * Differences of 0 are left out (Wilcoxon's way) and equal sizes share their mean rank. p is exact, ties included, up to 200 pairs: the share
 * of all 2^n choices of signs with a rank sum at least as far out. Beyond, normal with the correction for ties and none for continuity.
 * p is 1 when no pair differs.
 * @throws SparseError SHAPE_MISMATCH without a pair or for arrays of different lengths, NON_FINITE
 */
export function wilcoxonSignedRank(a: readonly number[], b: readonly number[]): SignedRankTest {
  const apart = differences(a, b, 1).filter((difference) => difference !== 0);
  const pairs = apart.length;
  const twiceRanks = doubledMidranks(apart.map(Math.abs));
  const total = pairs * (pairs + 1);
  const positive = apart.reduce((sum, difference, i) => sum + (difference > 0 ? twiceRanks[i]! : 0), 0);
  const smaller = Math.min(positive, total - positive);
  const oneSided = pairs <= EXACT_PAIRS ? exactBelow(twiceRanks, smaller) : normalBelow(twiceRanks, smaller);
  return { statistic: smaller / 2, p: Math.min(1, 2 * oneSided), pairs };
}

/** Twice the mean ranks, which makes them whole numbers. */
function doubledMidranks(sizes: readonly number[]): number[] {
  const order = sizes.map((_, i) => i).sort((i, j) => sizes[i]! - sizes[j]!);
  const ranks = new Array<number>(sizes.length);
  for (let start = 0; start < order.length; ) {
    let end = start;
    while (end < order.length && sizes[order[end]!] === sizes[order[start]!]) end++;
    for (let k = start; k < end; k++) ranks[order[k]!] = start + end + 1;
    start = end;
  }
  return ranks;
}

/** P(sum of the ranks whose coin shows heads <= limit), by adding one coin after the other. */
function exactBelow(ranks: readonly number[], limit: number): number {
  const probability = new Float64Array(limit + 1);
  probability[0] = 1;
  for (const rank of ranks)
    for (let sum = limit; sum >= 0; sum--) probability[sum] = (probability[sum]! + (sum >= rank ? probability[sum - rank]! : 0)) / 2;
  return probability.reduce((sum, p) => sum + p, 0);
}

function normalBelow(ranks: readonly number[], limit: number): number {
  const mean = ranks.reduce((sum, rank) => sum + rank, 0) / 2;
  const variance = ranks.reduce((sum, rank) => sum + rank * rank, 0) / 4;
  return normalCdf((limit - mean) / Math.sqrt(variance));
}
