/** The `rank`-th picture of a class. */
export interface Place {
  readonly label: number;
  readonly rank: number;
}

/**
 * One order for pictures that come sorted by class: the r-th of n pictures of a class goes to (r + 1/2) / n of the way, so every
 * stretch of the order, its tail included, holds the classes in their shares (to within one picture). Ties: lower label first.
 *
 * @param counts pictures per class
 */
export function interleave(counts: readonly number[]): Place[] {
  const places = counts.flatMap((count, label) => Array.from({ length: count }, (_, rank) => ({ label, rank })));
  // (2r + 1) / 2n compared by cross-multiplication: whole numbers below 2^53, so ties are exact.
  return places.sort((a, b) => (2 * a.rank + 1) * counts[b.label]! - (2 * b.rank + 1) * counts[a.label]! || a.label - b.label);
}
