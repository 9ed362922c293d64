/** Bootstrap intervals of AUROC: pictures of both kinds are drawn anew together, the same ones for all scores. */
import { bootstrapIntervals, type Reals } from '@freetickets/metrics';
import { LEVEL, orNull } from './document.ts';
import type { Bootstrap } from './scores.ts';

/** How sure each of several scores is about pictures inside and outside of the training distribution. */
export interface Scored {
  readonly inside: Reals;
  readonly outside: Reals;
}

/** @param scored at least one, all of the same pictures; larger values mean outside */
export function aurocIntervals(scored: readonly Scored[], { resamples, seed }: Bootstrap): { low: number | null; high: number | null }[] {
  const statistics = scored.map(aurocOfRows);
  const size = scored[0]!.inside.length + scored[0]!.outside.length;
  const found: Record<string, { readonly low: number; readonly high: number }> = bootstrapIntervals(
    size,
    (rows) => Object.fromEntries(statistics.map((statistic, index) => [String(index), statistic(rows)])),
    { resamples, seed, level: LEVEL },
  );
  return scored.map((_, index) => {
    const { low, high } = found[index]!;
    return { low: orNull(low), high: orNull(high) };
  });
}

/** AUROC of the pictures `rows`, those inside counted first. Sorted once: a resample is a count for each picture, and one pass over them. */
export function aurocOfRows({ inside, outside }: Scored): (rows: Uint32Array) => number {
  const score = (n: number) => (n < inside.length ? inside[n]! : outside[n - inside.length]!);
  const size = inside.length + outside.length;
  const order = Uint32Array.from({ length: size }, (_, n) => n).sort((a, b) => score(a) - score(b));
  const place = new Uint32Array(size);
  order.forEach((n, k) => {
    place[n] = k;
  });
  const value = Float64Array.from(order, score);
  const isOutside = Uint8Array.from(order, (n) => (n < inside.length ? 0 : 1));
  const counts = new Uint32Array(size);
  return (rows) => {
    counts.fill(0);
    for (const row of rows) counts[place[row]!]!++;
    return aurocOfCounts(value, isOutside, counts);
  };
}

/** Pairs in the right order, equal ones by half; NaN when one of the two kinds is missing. */
function aurocOfCounts(value: Float64Array, isOutside: Uint8Array, counts: Uint32Array): number {
  let right = 0;
  let insideBelow = 0;
  let outsideBelow = 0;
  for (let start = 0, end = 0; start < value.length; start = end) {
    let equalInside = 0;
    let equalOutside = 0;
    for (; end < value.length && value[end] === value[start]; end++) {
      if (isOutside[end] === 1) equalOutside += counts[end]!;
      else equalInside += counts[end]!;
    }
    right += equalOutside * (insideBelow + equalInside / 2);
    insideBelow += equalInside;
    outsideBelow += equalOutside;
  }
  return right / (insideBelow * outsideBelow);
}
