import { type ConformalMethod, calibrateConformal, conformalSets, summarizeSets } from '@freetickets/metrics';
import { type Conformal, orNull } from './document.ts';
import type { FitAndReport } from './held-out.ts';

/**
 * Sets of classes from the ensemble's probabilities, by all three methods.
 * @param level the share of sets that is to hold the label, in (0, 1)
 */
export function conformalOf({ fit, report, heldOut }: FitAndReport, level: number, seed: number): Conformal {
  const by = (method: ConformalMethod) => {
    const predictor = calibrateConformal(fit.prediction.probs, fit.labels, { method, alpha: 1 - level, seed });
    const sets = conformalSets(predictor, report.prediction.probs, report.prediction.classes);
    return { threshold: orNull(predictor.threshold), ...summarizeSets(sets, report.labels) };
  };
  return { heldOut, level, seed, thr: by('thr'), aps: by('aps'), raps: by('raps') };
}
