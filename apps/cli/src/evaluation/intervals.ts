/** Bootstrap intervals as the document holds them. */
import { bootstrapIntervals } from '@freetickets/metrics';
import { LEVEL, orNull } from './document.ts';

export interface Bootstrap {
  /** 0: no intervals. */
  readonly resamples: number;
  readonly seed: number;
}

export interface WithIntervals<Name extends string> {
  readonly intervals?: Partial<Record<Name, { low: number | null; high: number | null }>>;
}

/**
 * @param statistics figures of the samples `rows`, by names without spaces; under one set of draws, as drawing is a good part of the work
 * @returns the intervals of each statistic, ready to be spread beside its figures; nothing where none are wanted or a single sample allows none
 */
export function intervalsOf<Name extends string>(
  size: number,
  statistics: readonly ((rows: Uint32Array) => Readonly<Partial<Record<Name, number>>>)[],
  { resamples, seed }: Bootstrap,
): WithIntervals<Name>[] {
  if (resamples === 0 || size < 2) return statistics.map(() => ({}));
  const found: Record<string, { readonly low: number; readonly high: number }> = bootstrapIntervals(
    size,
    (rows) => {
      const figures: Record<string, number> = {};
      statistics.forEach((statistic, index) => {
        for (const [name, value] of Object.entries(statistic(rows))) figures[`${index} ${name}`] = value as number;
      });
      return figures;
    },
    { resamples, seed, level: LEVEL },
  );
  const own = statistics.map((): NonNullable<WithIntervals<Name>['intervals']> => ({}));
  for (const [key, { low, high }] of Object.entries(found)) {
    const [index, name] = key.split(' ') as [string, Name];
    own[Number(index)]![name] = { low: orNull(low), high: orNull(high) };
  }
  return own.map((intervals) => ({ intervals }));
}
