import type { BinTotals } from './reliability-bins.ts';

/** `l1`: expected calibration error. `l2`: root mean square. `max`: the largest gap of a bin. */
export type CalibrationNorm = 'l1' | 'l2' | 'max';

/**
 * Calibration error, in [0, 1], from bins: their gaps |accuracy - confidence|, weighted by how many samples each bin holds. NaN without a
 * sample. A confidence that fell out of the bins (`freetickets`) does not count towards the weights here, while `ece()` keeps it there.
 */
export function calibrationError(bins: readonly BinTotals[], norm: CalibrationNorm = 'l1'): number {
  const filled = bins.filter(({ count }) => count > 0);
  const samples = filled.reduce((sum, { count }) => sum + count, 0);
  if (samples === 0) return Number.NaN;
  const gaps = filled.map(({ accuracy, confidence }) => Math.abs(accuracy - confidence));
  if (norm === 'max') return gaps.reduce((most, gap) => Math.max(most, gap));
  const power = norm === 'l2' ? 2 : 1;
  const mean = gaps.reduce((sum, gap, b) => sum + (filled[b]!.count / samples) * gap ** power, 0);
  return norm === 'l2' ? Math.sqrt(mean) : mean;
}
