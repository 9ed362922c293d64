/** How values spread, in bins of equal width. */

export interface Histogram {
  readonly min: number;
  readonly max: number;
  readonly count: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  /** Upper ends of the bins; the last is `max`. */
  readonly limits: readonly number[];
  /** Values of each bin, its upper end included. */
  readonly counts: readonly number[];
}

/**
 * @param values finite
 * @returns undefined of no values; one bin where all are alike
 */
export function histogram(values: Float32Array, bins = 30): Histogram | undefined {
  if (values.length === 0) return undefined;
  let [min, max, sum, sumOfSquares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const value of values) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    sumOfSquares += value * value;
  }
  const used = max > min ? bins : 1;
  const width = (max - min) / used;
  const limits = Array.from({ length: used }, (_, bin) => (bin === used - 1 ? max : min + (bin + 1) * width));
  const counts = Array<number>(used).fill(0);
  for (const value of values) counts[binOf(value, min, width, limits)]!++;
  return { min, max, count: values.length, sum, sumOfSquares, limits, counts };
}

/** By division, then held against the limits themselves, for the division is rounded. */
function binOf(value: number, min: number, width: number, limits: readonly number[]): number {
  let bin = width > 0 ? Math.min(limits.length - 1, Math.floor((value - min) / width)) : 0;
  while (bin > 0 && value <= limits[bin - 1]!) bin--;
  while (value > limits[bin]!) bin++;
  return bin;
}
