/**
 * Reliability bins: samples grouped by confidence, with what the group claims (mean confidence) and what it keeps (accuracy).
 * They are what a reliability diagram draws and what every binned calibration error sums up.
 */
import { SparseError } from '@freetickets/sparse-core';
import { checkFinite, checkWhole } from '../reals.ts';
import type { TopLabel } from '../top-label.ts';

/**
 * `uniform`: equal width. `quantile`: equal mass: samples sorted by confidence (ties by index) are cut into runs whose lengths differ by at
 * most one, the longer first. `freetickets`: what the code behind the FreeTickets paper computes, where `bins` is the number of *edges*, so
 * there is one bin less (15 edges: 14 bins), and a confidence above 1 by rounding falls out of the sum.
 */
export type BinEdges = 'uniform' | 'quantile' | 'freetickets';

export interface BinOptions {
  /** Default 15. */
  readonly bins?: number;
  /** Default `uniform`. */
  readonly edges?: BinEdges;
}

export interface ReliabilityBin extends BinTotals {
  /** Confidences in the bin lie in (low, high]; equal mass: from `low` to `high`, both taken. */
  readonly low: number;
  readonly high: number;
}

/** What calibration errors are made of. */
export interface BinTotals {
  readonly count: number;
  /** Mean confidence; NaN in an empty bin. */
  readonly confidence: number;
  /** Share that is correct; NaN in an empty bin. */
  readonly accuracy: number;
}

/**
 * @returns every bin of equal width, empty or not; of equal mass only those that hold a sample
 * @throws SparseError INVALID_ARGUMENT when `bins` leaves no bin, SHAPE_MISMATCH when the arrays differ in length, NON_FINITE
 */
export function reliabilityBins({ confidence, correct }: TopLabel, { bins = 15, edges = 'uniform' }: BinOptions = {}): ReliabilityBin[] {
  const count = binCount('reliabilityBins.bins', bins, edges);
  if (correct.length !== confidence.length)
    throw new SparseError('SHAPE_MISMATCH', 'correct', `one entry for each of ${confidence.length} confidences`, correct.length);
  checkFinite('confidence', confidence);
  const bin = edges === 'quantile' ? equalMass(confidence, count) : equalWidth(confidence, count, edges);
  const sums = Array.from({ length: count }, () => ({ count: 0, confidence: 0, correct: 0, low: 1, high: 0 }));
  confidence.forEach((value, n) => {
    const own = sums[bin[n]!];
    if (!own) return; // above 1 in the published code
    own.count++;
    own.confidence += value;
    own.correct += correct[n]!;
    own.low = Math.min(own.low, value);
    own.high = Math.max(own.high, value);
  });
  const wide = edges !== 'quantile';
  return sums
    .map((sum, b) => ({
      low: wide ? b / count : sum.low,
      high: wide ? (b + 1) / count : sum.high,
      count: sum.count,
      confidence: sum.confidence / sum.count,
      accuracy: sum.correct / sum.count,
    }))
    .filter(({ count }) => wide || count > 0);
}

/** How many bins the options mean. */
export function binCount(at: string, bins: number, edges: BinEdges): number {
  if (edges !== 'uniform' && edges !== 'quantile' && edges !== 'freetickets')
    throw new SparseError('INVALID_ARGUMENT', at.replace(/bins$/, 'edges'), 'uniform, quantile or freetickets', edges);
  checkWhole(at, bins, edges === 'freetickets' ? 2 : 1, 1 << 24);
  return edges === 'freetickets' ? bins - 1 : bins;
}

/** Bin b holds (b / count, (b + 1) / count]. Exact on float32 values: one times a whole number below 2^24 has no rounding in float64. */
export const binOf = (confidence: number, count: number): number => Math.min(Math.max(Math.ceil(confidence * count) - 1, 0), count - 1);

const equalWidth = (confidence: Float64Array, count: number, edges: BinEdges): Int32Array =>
  Int32Array.from(confidence, (value) => (edges === 'freetickets' && value > 1 ? -1 : binOf(value, count)));

function equalMass(confidence: Float64Array, count: number): Int32Array {
  const order = Uint32Array.from(confidence, (_, n) => n).sort((a, b) => confidence[a]! - confidence[b]! || a - b);
  const least = Math.floor(order.length / count);
  const longer = order.length % count;
  const bin = new Int32Array(order.length);
  order.forEach((n, rank) => {
    const inLonger = longer * (least + 1);
    bin[n] = rank < inLonger ? Math.floor(rank / (least + 1)) : longer + Math.floor((rank - inLonger) / least);
  });
  return bin;
}
