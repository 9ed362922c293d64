import { SparseError } from '@freetickets/sparse-core';
import { checkFinite } from '../reals.ts';

/** Error rates, in [0, 1]: on clean data, and by corruption one for each severity. */
export interface CorruptionErrors {
  readonly clean: number;
  readonly byCorruption: Readonly<Record<string, readonly number[]>>;
}

export interface MeanCorruptionError {
  /** Mean over corruptions of (sum over severities of the error) / (the same of the baseline); 1: as robust as the baseline. */
  readonly mce: number;
  /** The same of errors less the clean error: what corruption adds. */
  readonly relativeMce: number;
  /** The ratio of `mce`, by corruption. */
  readonly byCorruption: Readonly<Record<string, number>>;
}

/**
 * Mean corruption error against a baseline (the paper's is AlexNet; on CIFAR usually the dense network of the table).
 * @throws SparseError SHAPE_MISMATCH when model and baseline were not measured on the same cells, NON_FINITE
 * @source Hendrycks and Dietterich, arXiv:1903.12261, section 4
 */
export function meanCorruptionError(model: CorruptionErrors, baseline: CorruptionErrors): MeanCorruptionError {
  const corruptions = Object.keys(model.byCorruption);
  if (corruptions.length === 0 || String([...corruptions].sort()) !== String(Object.keys(baseline.byCorruption).sort()))
    throw new SparseError(
      'SHAPE_MISMATCH',
      'baseline.byCorruption',
      `the corruptions ${corruptions.join(', ')}`,
      Object.keys(baseline.byCorruption),
    );
  checkFinite('clean', [model.clean, baseline.clean]);
  const ratio = (corruption: string, share: 0 | 1) => {
    const own = errors('model', model, corruption);
    const theirs = errors('baseline', baseline, corruption);
    if (own.length !== theirs.length)
      throw new SparseError('SHAPE_MISMATCH', `baseline.byCorruption.${corruption}`, `${own.length} severities`, theirs.length);
    return (total(own) - share * own.length * model.clean) / (total(theirs) - share * own.length * baseline.clean);
  };
  const mean = (share: 0 | 1) => total(corruptions.map((corruption) => ratio(corruption, share))) / corruptions.length;
  return {
    mce: mean(0),
    relativeMce: mean(1),
    byCorruption: Object.fromEntries(corruptions.map((corruption) => [corruption, ratio(corruption, 0)])),
  };
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

function errors(whose: string, { byCorruption }: CorruptionErrors, corruption: string): readonly number[] {
  const own = byCorruption[corruption]!;
  checkFinite(`${whose}.byCorruption.${corruption}`, own);
  return own;
}
