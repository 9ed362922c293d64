import {
  type ConformalMethod,
  type ConformalSets,
  calibrateConformal,
  conformalSets,
  resampledMeans,
  summarizeSets,
} from '@freetickets/metrics';
import { type Conformal, orNull } from './document.ts';
import type { FitAndReport } from './held-out.ts';
import { type Bootstrap, intervalsOf } from './intervals.ts';

/**
 * Sets of classes from the ensemble's probabilities, by all three methods.
 * @param level the share of sets that is to hold the label, in (0, 1)
 * @param bootstrap intervals are over the pictures reported on: the thresholds stay; its seed keys what the sets draw, too
 */
export function conformalOf({ fit, report, heldOut }: FitAndReport, level: number, bootstrap: Bootstrap): Conformal {
  const { seed } = bootstrap;
  const by = (method: ConformalMethod) => {
    const predictor = calibrateConformal(fit.prediction.probs, fit.labels, { method, alpha: 1 - level, seed });
    return { predictor, sets: conformalSets(predictor, report.prediction.probs, report.prediction.classes) };
  };
  const found = [by('thr'), by('aps'), by('raps')];
  const statistics = found.map(({ sets }) => resampledMeans(valuesOf(sets, report.labels)));
  const intervals = intervalsOf(report.labels.length, statistics, bootstrap);
  const [thr, aps, raps] = found.map(({ predictor, sets }, index) => ({
    threshold: orNull(predictor.threshold),
    ...summarizeSets(sets, report.labels),
    ...intervals[index],
  }));
  return { heldOut, level, seed, thr: thr!, aps: aps!, raps: raps! };
}

/** Of each picture. */
const valuesOf = ({ classes, inside, sizes }: ConformalSets, labels: Int32Array) => ({
  coverage: Uint8Array.from(labels, (label, n) => inside[n * classes + label]!),
  meanSize: sizes,
  emptyShare: Uint8Array.from(sizes, (size) => (size === 0 ? 1 : 0)),
});
