import type { Reals } from '../reals.ts';

/**
 * `auroc` of resamples, for `bootstrapIntervals`. Sorted once: a resample is a count for each sample, and one pass over them.
 * @returns the AUROC of the samples `rows`, the negatives counted first; NaN without one of either kind
 */
export function resampledAuroc(negatives: Reals, positives: Reals): (rows: Uint32Array) => number {
  const score = (n: number) => (n < negatives.length ? negatives[n]! : positives[n - negatives.length]!);
  const size = negatives.length + positives.length;
  const order = Uint32Array.from({ length: size }, (_, n) => n).sort((a, b) => score(a) - score(b));
  const place = new Uint32Array(size);
  order.forEach((n, k) => {
    place[n] = k;
  });
  const value = Float64Array.from(order, score);
  const isPositive = Uint8Array.from(order, (n) => (n < negatives.length ? 0 : 1));
  const counts = new Uint32Array(size);
  return (rows) => {
    counts.fill(0);
    for (const row of rows) counts[place[row]!]!++;
    return aurocOfCounts(value, isPositive, counts);
  };
}

/** Pairs in the right order, equal ones by half; NaN when one of the two kinds is missing. */
function aurocOfCounts(value: Float64Array, isPositive: Uint8Array, counts: Uint32Array): number {
  let right = 0;
  let negativesBelow = 0;
  let positivesBelow = 0;
  for (let start = 0, end = 0; start < value.length; start = end) {
    let equalNegatives = 0;
    let equalPositives = 0;
    for (; end < value.length && value[end] === value[start]; end++) {
      if (isPositive[end] === 1) equalPositives += counts[end]!;
      else equalNegatives += counts[end]!;
    }
    right += equalPositives * (negativesBelow + equalNegatives / 2);
    negativesBelow += equalNegatives;
    positivesBelow += equalPositives;
  }
  return right / (negativesBelow * positivesBelow);
}
