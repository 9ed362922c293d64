/** Bootstrap intervals of AUROC: pictures of both kinds are drawn anew together, the same ones for all scores. */
import { bootstrapIntervals, type Reals, resampledAuroc } from '@freetickets/metrics';
import { LEVEL, orNull } from './document.ts';
import type { Bootstrap } from './scores.ts';

/** How sure each of several scores is about pictures inside and outside of the training distribution. */
export interface Scored {
  readonly inside: Reals;
  readonly outside: Reals;
}

/** @param scored at least one, all of the same pictures; larger values mean outside */
export function aurocIntervals(scored: readonly Scored[], { resamples, seed }: Bootstrap): { low: number | null; high: number | null }[] {
  const statistics = scored.map(({ inside, outside }) => resampledAuroc(inside, outside));
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
