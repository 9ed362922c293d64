/** Temperature scaling, members first and pool first, beside what the ensemble says without it. */
import { applyTemperatureScaling, fitTemperatureScaling, predictionOf, type ScalingOrder, softmax } from '@freetickets/metrics';
import type { Calibration } from './document.ts';
import type { FitAndReport } from './held-out.ts';
import type { Bootstrap } from './intervals.ts';
import { scoresOf } from './scores.ts';

export async function calibrationOf({ fit, report, heldOut }: FitAndReport, bootstrap: Bootstrap): Promise<Calibration> {
  const { classes } = report.prediction;
  const fitted = (order: ScalingOrder) => {
    const scaling = fitTemperatureScaling(fit.logits, fit.labels, order);
    return { scaling, prediction: predictionOf(applyTemperatureScaling(scaling, report.logits, classes), classes) };
  };
  const [first, pool] = [fitted('members-first'), fitted('pool-first')];
  const alone = report.logits.map((logits, m) => predictionOf(softmax(logits, classes, first.scaling.temperatures[m]), classes));
  const predictions = [report.prediction, first.prediction, pool.prediction, ...alone];
  const [uncalibrated, ofFirst, ofPool, ...members] = await scoresOf(predictions, report.labels, bootstrap);
  return {
    heldOut,
    uncalibrated: uncalibrated!,
    membersFirst: { temperatures: [...first.scaling.temperatures], scores: ofFirst! },
    poolFirst: { temperatures: [...pool.scaling.temperatures], scores: ofPool! },
    members,
  };
}
