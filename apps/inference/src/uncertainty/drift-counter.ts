import { entropyScore } from '@freetickets/metrics';
import type { ServingCalibration } from './calibration.ts';
import { added, byMeasure, type Counts, countInto } from './drift.ts';
import { confidenceOf, type MemberProbabilities, meanOf } from './member-probabilities.ts';
import { oodScores } from './ood-scores.ts';

/** Where the answers are made: counts them into the bins of the reference, until somebody takes the counts away. */
export class DriftCounter {
  readonly #calibration: ServingCalibration;
  #counts: Counts | undefined;

  constructor(calibration: ServingCalibration) {
    this.#calibration = calibration;
  }

  add(probabilities: MemberProbabilities): void {
    const { reference, ood } = this.#calibration;
    const mean = meanOf(probabilities);
    const values = {
      entropy: entropyScore(mean, probabilities.classes),
      confidence: confidenceOf(mean, probabilities.classes),
      ood_score: oodScores(ood.score, probabilities, mean),
    };
    const before = this.#counts;
    this.#counts = byMeasure((measure) => {
      const counts = countInto(reference[measure], values[measure]);
      return before ? added(before[measure], counts) : counts;
    });
  }

  take(): Counts | undefined {
    const counts = this.#counts;
    this.#counts = undefined;
    return counts;
  }
}
