/** How well an ensemble's doubt tells pictures of another kind from those it was trained for. */
import {
  detection,
  energyScore,
  entropyScore,
  maxLogitScore,
  maxProbabilityScore,
  mutualInformationScore,
  nearestNeighbourScore,
  type Reals,
  resampledDetection,
  variationRatioScore,
} from '@freetickets/metrics';
import { oodHistogram } from './curves.ts';
import type { DetectionFigures, Ood, OodScore } from './document.ts';
import { type Bootstrap, intervalsOf } from './intervals.ts';
import type { MemberFeatures, Outputs } from './members.ts';

/** What members say of pictures and, for the distance to training pictures, what they make of them. */
export interface Seen {
  readonly outputs: Outputs;
  /** Of each picture, the mean over members; see `neighbourDistances`. Absent: not measured. */
  readonly distances?: Float64Array | undefined;
}

/** @param inside pictures like those of training, `outside` the others; seen by the same members */
export function oodOf(name: string, { outputs: inside, ...own }: Seen, { outputs: outside, ...other }: Seen, bootstrap: Bootstrap): Ood {
  const [ins, outs] = [ensembleScores(inside, own.distances), ensembleScores(outside, other.distances)];
  const names = Object.keys(ins) as OodScore[];
  const scored = [
    ...names.map((score) => ({ inside: ins[score]!, outside: outs[score]! })),
    ...inside.logits.map((_, member) => ({ inside: memberScore(inside, member), outside: memberScore(outside, member) })),
  ];
  const statistics = scored.map((score) => resampledDetection(score.inside, score.outside));
  const intervals = intervalsOf(inside.labels.length + outside.labels.length, statistics, bootstrap);
  const found = scored.map((score, index): DetectionFigures => ({ ...detection(score.inside, score.outside), ...intervals[index] }));
  return {
    name,
    samples: outside.labels.length,
    ensemble: Object.fromEntries(names.map((score, index) => [score, found[index]!])),
    members: found.slice(names.length),
    histogram: oodHistogram(inside, outside),
  };
}

/**
 * Distance from each picture to its k-th nearest among training pictures, in each member's features; the mean over members.
 * @param features one array (samples, width) per member; `bank` the same of the training pictures
 */
export function neighbourDistances(features: readonly MemberFeatures[], bank: readonly MemberFeatures[], k: number): Float64Array {
  const own = features.map(({ values, width }, m) => nearestNeighbourScore(values, bank[m]!.values, width, { k }));
  return own[0]!.map((_, n) => own.reduce((sum, distances) => sum + distances[n]!, 0) / own.length);
}

/** Energy and max-logit are of the members' mean logits; mutual information and variation ratio say nothing where there is one member. */
function ensembleScores({ logits, prediction }: Outputs, distances: Float64Array | undefined): Partial<Record<OodScore, Float64Array>> {
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
    ...(distances && { nearestNeighbour: distances }),
  };
}

function memberScore({ prediction: { memberProbs, size, classes } }: Outputs, member: number): Reals {
  return maxProbabilityScore(memberProbs.subarray(member * size * classes, (member + 1) * size * classes), classes);
}

const meanLogits = (logits: readonly Float32Array[]): Float64Array =>
  Float64Array.from(logits[0]!, (_, k) => logits.reduce((sum, own) => sum + own[k]!, 0) / logits.length);
