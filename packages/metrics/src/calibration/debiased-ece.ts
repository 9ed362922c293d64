/**
 * Calibration error without the bias of binning. A binned error is too large by chance alone: even a calibrated bin of n samples shows a gap
 * of order 1 / sqrt(n). Both estimators take the expected part of that away.
 */
import { SparseError } from '@freetickets/sparse-core';
import type { Metric } from '../metric.ts';
import { normalCdf } from '../statistics/normal.ts';
import { topLabelMetric } from '../top-label.ts';
import { calibrationError } from './calibration-error.ts';
import { type BinEdges, type BinTotals, binCount, reliabilityBins } from './reliability-bins.ts';

export interface DebiasedEceOptions {
  /** Default 15. */
  readonly bins?: number;
  /** Default `quantile`: every bin needs samples enough to estimate its own noise. */
  readonly edges?: Exclude<BinEdges, 'freetickets'>;
  /** Default `l1`. */
  readonly norm?: 'l1' | 'l2';
}

/**
 * Debiased calibration error of the most probable class.
 * `l2`: root of the sum over bins of share * ((accuracy - confidence)^2 - accuracy (1 - accuracy) / (count - 1)), at least 0; a bin with a
 * single sample gives nothing. `l1`: twice the plain error less its mean over normal resamples of the bins' accuracies, with variance
 * accuracy (1 - accuracy) / count. That mean is the mean of a folded normal, taken here in closed form, where the authors' program draws it;
 * on well calibrated predictions it may come out below 0.
 *
 * @throws SparseError INVALID_ARGUMENT when `bins`, `edges` or `norm` is none
 * @source Kumar, Liang and Ma, "Verified uncertainty calibration", NeurIPS 2019, arXiv:1909.10155
 */
export function debiasedEce({ bins = 15, edges = 'quantile', norm = 'l1' }: DebiasedEceOptions = {}): Metric {
  binCount('debiasedEce.bins', bins, edges);
  if (norm !== 'l1' && norm !== 'l2') throw new SparseError('INVALID_ARGUMENT', 'debiasedEce.norm', 'l1 or l2', norm);
  const estimate = norm === 'l1' ? debiasedMeanGap : debiasedRootMeanSquare;
  return topLabelMetric('debiasedEce', 'lower', `(${bins} ${edges} ${norm})`, (all) =>
    estimate(reliabilityBins(all, { bins, edges }).filter(({ count }) => count > 0)),
  );
}

const shares = (bins: readonly BinTotals[]): number[] => {
  const samples = bins.reduce((sum, { count }) => sum + count, 0);
  return bins.map(({ count }) => count / samples);
};

function debiasedRootMeanSquare(bins: readonly BinTotals[]): number {
  const share = shares(bins);
  const square = ({ accuracy, confidence, count }: BinTotals) =>
    count < 2 ? 0 : (accuracy - confidence) ** 2 - (accuracy * (1 - accuracy)) / (count - 1);
  return Math.sqrt(
    Math.max(
      0,
      bins.reduce((sum, bin, b) => sum + share[b]! * square(bin), 0),
    ),
  );
}

/** The `l1` estimate, from bins that all hold a sample. */
export function debiasedMeanGap(bins: readonly BinTotals[]): number {
  const share = shares(bins);
  const resampled = bins.reduce(
    (sum, { accuracy, confidence, count }, b) =>
      sum + share[b]! * foldedNormalMean(accuracy - confidence, Math.sqrt((accuracy * (1 - accuracy)) / count)),
    0,
  );
  return 2 * calibrationError(bins) - resampled;
}

/** E|X| for X normal with this mean and deviation. */
function foldedNormalMean(mean: number, deviation: number): number {
  if (deviation === 0) return Math.abs(mean);
  const z = mean / deviation;
  return deviation * Math.sqrt(2 / Math.PI) * Math.exp((-z * z) / 2) + mean * (1 - 2 * normalCdf(-z));
}
