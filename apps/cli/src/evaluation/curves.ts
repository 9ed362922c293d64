/** What figures sum up, as curves for people to look at: reliability, risk against coverage, and histograms of the largest probability. */
import { maxProbabilityScore, reliabilityBins, riskCoverage, topLabel } from '@freetickets/metrics';
import type { Curves, OodHistogram } from './document.ts';
import type { Outputs } from './members.ts';

/** Of every histogram of a probability: (b / 20, (b + 1) / 20], the lowest with 0. */
const BINS = 20;
/** Enough for a smooth line on any screen. */
const POINTS = 200;

/** Of the ensemble. */
export function curvesOf({ prediction: { probs }, labels }: Outputs): Curves {
  const top = topLabel(probs, labels);
  const { coverage, risk } = riskCoverage(top);
  const points = Math.min(POINTS, risk.length);
  const shown = Array.from({ length: points }, (_, k) => Math.ceil(((k + 1) * risk.length) / points) - 1);
  return {
    reliability: reliabilityBins(top)
      .filter(({ count }) => count > 0)
      .map(({ low, high, count, confidence, accuracy }) => ({ low, high, count, confidence, accuracy })),
    riskCoverage: shown.map((n) => ({ coverage: coverage[n]!, risk: risk[n]! })),
    confidence: {
      right: histogram(top.confidence.filter((_, n) => top.correct[n] === 1)),
      wrong: histogram(top.confidence.filter((_, n) => top.correct[n] === 0)),
    },
  };
}

/** Of the ensemble's largest probability, in the pictures of the run's own kind and in the others. */
export function oodHistogram(inside: Outputs, outside: Outputs): OodHistogram {
  const of = ({ prediction: { probs, classes } }: Outputs) => histogram(maxProbabilityScore(probs, classes).map((score) => 1 - score));
  return { inside: of(inside), outside: of(outside) };
}

function histogram(probabilities: Float64Array): number[] {
  const counts = Array<number>(BINS).fill(0);
  for (const value of probabilities) counts[Math.min(BINS - 1, Math.max(0, Math.ceil(value * BINS) - 1))]!++;
  return counts;
}
