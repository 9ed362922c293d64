/** How well an ensemble's doubt tells pictures of another kind from those it was trained for. */
import {
  detection,
  energyScore,
  entropyScore,
  maxLogitScore,
  maxProbabilityScore,
  mutualInformationScore,
  type Reals,
  variationRatioScore,
} from '@freetickets/metrics';
import { aurocIntervals } from './auroc-intervals.ts';
import type { DetectionFigures, Ood, OodScore } from './document.ts';
import type { Outputs } from './members.ts';
import type { Bootstrap } from './scores.ts';

/** @param inside outputs for pictures like those of training, `outside` for the others; of the same members */
export function oodOf(name: string, inside: Outputs, outside: Outputs, bootstrap: Bootstrap): Ood {
  const [ins, outs] = [ensembleScores(inside), ensembleScores(outside)];
  const names = Object.keys(ins) as OodScore[];
  const scored = [
    ...names.map((score) => ({ inside: ins[score]!, outside: outs[score]! })),
    ...inside.logits.map((_, member) => ({ inside: memberScore(inside, member), outside: memberScore(outside, member) })),
  ];
  const intervals = bootstrap.resamples > 0 ? aurocIntervals(scored, bootstrap) : [];
  const found = scored.map((own, index): DetectionFigures => {
    const interval = intervals[index];
    return { ...detection(own.inside, own.outside), ...(interval && { interval }) };
  });
  return {
    name,
    samples: outside.labels.length,
    ensemble: Object.fromEntries(names.map((score, index) => [score, found[index]!])),
    members: found.slice(names.length),
  };
}

/** Energy and max-logit are of the members' mean logits; the last two say nothing where there is one member. */
function ensembleScores({ logits, prediction }: Outputs): Partial<Record<OodScore, Float64Array>> {
  const { probs, memberProbs, members, classes } = prediction;
  const mean = meanLogits(logits);
  return {
    maxProbability: maxProbabilityScore(probs, classes),
    entropy: entropyScore(probs, classes),
    energy: energyScore(mean, classes),
    maxLogit: maxLogitScore(mean, classes),
    ...(members > 1 && {
      mutualInformation: mutualInformationScore(memberProbs, members, classes),
      variationRatio: variationRatioScore(memberProbs, members, classes),
    }),
  };
}

function memberScore({ prediction: { memberProbs, size, classes } }: Outputs, member: number): Reals {
  return maxProbabilityScore(memberProbs.subarray(member * size * classes, (member + 1) * size * classes), classes);
}

const meanLogits = (logits: readonly Float32Array[]): Float64Array =>
  Float64Array.from(logits[0]!, (_, k) => logits.reduce((sum, own) => sum + own[k]!, 0) / logits.length);
