import type { Reals } from '../reals.ts';
import type { Detection } from './detection.ts';

/**
 * `detection` of resamples, for `bootstrapIntervals`. Sorted once: a resample is a count for each distinct score, and three passes over them.
 * @returns the measures of the samples `rows`, those inside the distribution counted first; NaN without one of either kind
 */
export function resampledDetection(inScores: Reals, outScores: Reals): (rows: Uint32Array) => Detection {
  const inside = inScores.length;
  const { rank, ranks } = ranksOf(inScores, outScores);
  const ins = new Uint32Array(ranks);
  const outs = new Uint32Array(ranks);
  return (rows) => {
    ins.fill(0);
    outs.fill(0);
    for (const row of rows) (row < inside ? ins : outs)[rank[row]!]!++;
    const fromAbove = sweep(outs, ins, true);
    const fromBelow = sweep(ins, outs, false);
    return {
      auroc: aurocOf(ins, outs),
      auprOut: fromAbove.precision,
      auprIn: fromBelow.precision,
      fpr95Out: fromAbove.falsePositives,
      fpr95In: fromBelow.falsePositives,
    };
  };
}

/** The place of each sample's score among the distinct scores, from the lowest up. */
function ranksOf(inScores: Reals, outScores: Reals): { rank: Uint32Array; ranks: number } {
  const score = (n: number) => (n < inScores.length ? inScores[n]! : outScores[n - inScores.length]!);
  const size = inScores.length + outScores.length;
  const order = Uint32Array.from({ length: size }, (_, n) => n).sort((a, b) => score(a) - score(b));
  const rank = new Uint32Array(size);
  let ranks = 0;
  order.forEach((n, k) => {
    if (k === 0 || score(n) !== score(order[k - 1]!)) ranks++;
    rank[n] = ranks - 1;
  });
  return { rank, ranks };
}

/** Pairs in the right order, equal ones by half; NaN when one of the two kinds is missing. */
function aurocOf(ins: Uint32Array, outs: Uint32Array): number {
  let right = 0;
  let insBelow = 0;
  let outsBelow = 0;
  for (let k = 0; k < ins.length; k++) {
    right += outs[k]! * (insBelow + ins[k]! / 2);
    insBelow += ins[k]!;
    outsBelow += outs[k]!;
  }
  return right / (insBelow * outsBelow);
}

/** Average precision, and the false positives' share at the first threshold that finds 95 % of the positives. */
function sweep(positives: Uint32Array, negatives: Uint32Array, descending: boolean): { precision: number; falsePositives: number } {
  const all = total(positives);
  const others = total(negatives);
  let hits = 0;
  let misses = 0;
  let precision = 0;
  let falsePositives = Number.NaN;
  for (let step = 0; step < positives.length; step++) {
    const k = descending ? positives.length - 1 - step : step;
    hits += positives[k]!;
    misses += negatives[k]!;
    if (positives[k]! > 0) precision += (positives[k]! * hits) / (hits + misses);
    if (Number.isNaN(falsePositives) && hits / all >= 0.95) falsePositives = misses / others;
  }
  return { precision: others === 0 ? Number.NaN : precision / all, falsePositives };
}

const total = (counts: Uint32Array): number => counts.reduce((sum, count) => sum + count, 0);
