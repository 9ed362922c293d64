import type { Prediction } from '@freetickets/sparse-core';
import { meanAt, valuesOfSamples } from '../statistics/sample-values.ts';
import { type Agreement, choicesOf, countSample, noAgreement } from './agreement.ts';
import { meanOverPairs } from './member-pairs.ts';
import { meanPairwiseJs } from './pairwise-js.ts';
import { kappa } from './pairwise-kappa.ts';
import { meanPairwiseKl } from './pairwise-kl.ts';
import { yule } from './pairwise-q-statistic.ts';

/** Means over pairs of members; NaN for a single one. */
export interface ResampledDiversity {
  readonly disagreement: number;
  readonly kl: number;
  readonly js: number;
  readonly qStatistic: number;
  readonly kappa: number;
}

/**
 * Diversity of resamples, for `bootstrapIntervals`. Each member's choice, and each sample's divergences, are looked up once; a resample is
 * then counting. The definitions are those of the metrics of the same names.
 * @returns the measures over the samples `rows`, which may repeat
 */
export function resampledDiversity(prediction: Prediction, labels: Int32Array): (rows: Uint32Array) => ResampledDiversity {
  const { members, classes, size } = prediction;
  const named = choicesOf(prediction, labels, 'class');
  const right = choicesOf(prediction, labels, 'correct');
  const kl = valuesOfSamples(meanPairwiseKl(), prediction, labels);
  const js = valuesOfSamples(meanPairwiseJs(), prediction, labels);
  const mean = (counts: Agreement, of: (counts: Agreement, i: number, j: number) => number) =>
    meanOverPairs(
      Float64Array.from({ length: members * members }, (_, k) => of(counts, Math.floor(k / members), k % members)),
      members,
    );
  return (rows) => {
    const byClass = noAgreement(members, classes);
    const byRight = noAgreement(members, 2);
    for (const row of rows) {
      countSample(byClass, named, size, row);
      countSample(byRight, right, size, row);
    }
    return {
      disagreement: mean(byClass, ({ same }, i, j) => 1 - same[i * members + j]! / rows.length),
      kl: meanAt(kl, rows),
      js: meanAt(js, rows),
      qStatistic: mean(byRight, yule),
      kappa: mean(byClass, kappa),
    };
  };
}
