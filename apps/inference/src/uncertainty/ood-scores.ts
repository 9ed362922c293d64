import { entropyScore, maxProbabilityScore, mutualInformationScore, variationRatioScore } from '@freetickets/metrics';
import type { OodScore } from './calibration.ts';
import { type MemberProbabilities, meanOf } from './member-probabilities.ts';

/** Of each sample, larger for what is less like the training data; see the functions of the same names in @freetickets/metrics. */
export function oodScores(score: OodScore, probabilities: MemberProbabilities, mean = meanOf(probabilities)): Float64Array {
  const { values, members, classes } = probabilities;
  switch (score) {
    case 'entropy':
      return entropyScore(mean, classes);
    case 'max_probability':
      return maxProbabilityScore(mean, classes);
    case 'mutual_information':
      return mutualInformationScore(values, members, classes);
    case 'variation_ratio':
      return variationRatioScore(values, members, classes);
  }
}
