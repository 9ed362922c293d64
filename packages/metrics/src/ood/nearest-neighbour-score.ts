import { checkWhole, type Reals, rowsOf } from '../reals.ts';

export interface NearestNeighbourOptions {
  /** Which neighbour's distance counts. Default 50. */
  readonly k?: number;
  /** Features are brought to Euclidean length 1 first. Default true. */
  readonly normalize?: boolean;
}

/**
 * Distance from the features of each sample to the k-th nearest among features of training data; larger means less like them.
 * Compares with every one of them: samples * bank * width multiplications.
 *
 * @param features (samples, width)
 * @param bank (training samples, width)
 * @throws SparseError INVALID_ARGUMENT when the bank holds fewer than `k`, SHAPE_MISMATCH for a ragged array, NON_FINITE
 * @source Sun et al., arXiv:2204.06507
 */
export function nearestNeighbourScore(
  features: Reals,
  bank: Reals,
  width: number,
  { k = 50, normalize = true }: NearestNeighbourOptions = {},
): Float64Array {
  const size = rowsOf('features', features, width, 'width');
  checkWhole('nearestNeighbourScore.k', k, 1, rowsOf('bank', bank, width, 'width'));
  const from = normalize ? unitRows(features, width) : features;
  const to = normalize ? unitRows(bank, width) : bank;
  return Float64Array.from({ length: size }, (_, n) => Math.sqrt(kthSquare(from, n * width, to, width, k)));
}

/** Keeps the k smallest squares in rising order; a sum that has come too far is given up, which is most of a large bank. */
function kthSquare(from: Reals, offset: number, bank: Reals, width: number, k: number): number {
  const nearest = new Float64Array(k).fill(Number.POSITIVE_INFINITY);
  for (let start = 0; start < bank.length; start += width) {
    let place = k - 1;
    const farthest = nearest[place]!;
    let square = 0;
    for (let i = 0; i < width && square < farthest; ) {
      const end = Math.min(i + 16, width);
      for (; i < end; i++) square += (from[offset + i]! - bank[start + i]!) ** 2;
    }
    if (square >= farthest) continue;
    for (; place > 0 && nearest[place - 1]! > square; place--) nearest[place] = nearest[place - 1]!;
    nearest[place] = square;
  }
  return nearest[k - 1]!;
}

/** A row of zeros has no direction and stays as it is. */
function unitRows(values: Reals, width: number): Float64Array {
  const unit = Float64Array.from(values);
  for (let start = 0; start < unit.length; start += width) {
    const row = unit.subarray(start, start + width);
    const length = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
    if (length > 0)
      row.forEach((value, i) => {
        row[i] = value / length;
      });
  }
  return unit;
}
