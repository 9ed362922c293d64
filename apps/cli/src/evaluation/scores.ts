/** Accuracy, loss and calibration of predictions, with bootstrap intervals. */
import { setImmediate as immediate } from 'node:timers/promises';
import { accuracy, aurc, brier, classwiseEce, collect, debiasedEce, ece, nll, resampledScores, topKAccuracy } from '@freetickets/metrics';
import type { Prediction } from '@freetickets/sparse-core';
import type { Scores } from './document.ts';
import { type Bootstrap, intervalsOf } from './intervals.ts';

/** @param predictions of the same samples by an ensemble, its members, or after scaling: all are resampled alike */
export async function scoresOf(predictions: readonly Prediction[], labels: Int32Array, bootstrap: Bootstrap): Promise<Scores[]> {
  const scores = predictions.map((prediction) => plainScores(prediction, labels));
  if (bootstrap.resamples === 0) return scores;
  await immediate(); // resampling takes seconds in which no bar is drawn
  const statistics = predictions.map((prediction) => resampledScores(prediction, labels));
  const intervals = intervalsOf(labels.length, statistics, bootstrap);
  return scores.map((own, index) => ({ ...own, ...intervals[index] }));
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
