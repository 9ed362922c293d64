/** Accuracy, loss and calibration of predictions, with bootstrap intervals. */
import { setImmediate as immediate } from 'node:timers/promises';
import {
  accuracy,
  aurc,
  bootstrapIntervals,
  brier,
  classwiseEce,
  collect,
  debiasedEce,
  ece,
  nll,
  resampledScores,
  topKAccuracy,
} from '@freetickets/metrics';
import type { Prediction } from '@freetickets/sparse-core';
import { LEVEL, type Measure, orNull, type Scores } from './document.ts';

export interface Bootstrap {
  /** 0: no intervals. */
  readonly resamples: number;
  readonly seed: number;
}

/** @param predictions of the same samples by an ensemble, its members, or after scaling: all are resampled alike */
export async function scoresOf(predictions: readonly Prediction[], labels: Int32Array, bootstrap: Bootstrap): Promise<Scores[]> {
  const scores = predictions.map((prediction) => plainScores(prediction, labels));
  if (bootstrap.resamples === 0 || labels.length < 2) return scores;
  await immediate(); // resampling takes seconds in which no bar is drawn
  const intervals = intervalsOf(predictions, labels, bootstrap);
  return scores.map((own, index) => ({ ...own, intervals: intervals[index]! }));
}

function plainScores(prediction: Prediction, labels: Int32Array): Scores {
  const all = collect({
    accuracy: accuracy(),
    ...(prediction.classes > 5 && { top5: topKAccuracy(5) }),
    nll: nll(),
    brier: brier(),
    ece: ece(),
    aurc: aurc(),
    eceEqualMass: ece({ edges: 'quantile' }),
    eceClasswise: classwiseEce(),
    eceDebiased: debiasedEce(),
    eceFreetickets: ece({ edges: 'freetickets' }),
  });
  all.update(prediction, labels);
  return all.value();
}

/** One set of draws for all predictions: drawing is a good part of the work. */
function intervalsOf(predictions: readonly Prediction[], labels: Int32Array, { resamples, seed }: Bootstrap): Scores['intervals'][] {
  const statistics = predictions.map((prediction) => resampledScores(prediction, labels));
  const found: Record<string, { readonly low: number; readonly high: number }> = bootstrapIntervals(
    labels.length,
    (rows) =>
      Object.fromEntries(
        statistics.flatMap((statistic, index) => Object.entries(statistic(rows)).map(([name, value]) => [`${index} ${name}`, value])),
      ),
    { resamples, seed, level: LEVEL },
  );
  const own: Partial<Record<Measure, { low: number | null; high: number | null }>>[] = predictions.map(() => ({}));
  for (const [key, { low, high }] of Object.entries(found)) {
    const [index, name] = key.split(' ') as [string, Measure];
    own[Number(index)]![name] = { low: orNull(low), high: orNull(high) };
  }
  return own;
}
