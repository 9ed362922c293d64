/**
 * Scores of a resample, thousands of which stand behind an interval. What they need of each sample is looked up once: its loss, its bin, its
 * place in the order of confidence. A resample is then a count for each sample, and every score one pass over the counts: for 10,000 samples
 * some tenths of a millisecond, where computing all metrics anew, with their sorting, takes fifteen. The definitions are those of the metrics
 * of the same names, to which the tests hold them.
 */
import type { Prediction } from '@freetickets/sparse-core';
import { accuracy } from '../accuracy.ts';
import { brier } from '../brier.ts';
import { nll } from '../nll.ts';
import { topKAccuracy } from '../top-k-accuracy.ts';
import { topLabel } from '../top-label.ts';
import { meanAt, valuesOfSamples } from './sample-values.ts';

/** `eceEqualMass` is `ece({ edges: 'quantile' })`, `eceFreetickets` `ece({ edges: 'freetickets' })`. */
export type ResampledScore = 'accuracy' | 'top5' | 'nll' | 'brier' | 'ece' | 'aurc' | 'eceEqualMass' | 'eceFreetickets';

const BINS = 15;

/**
 * For `bootstrapIntervals` of several predictions under one set of draws.
 * @returns the scores of the samples `rows`, which may repeat; `top5` only of more than 5 classes
 */
export function resampledScores(
  prediction: Prediction,
  labels: Int32Array,
): (rows: Uint32Array) => Readonly<Partial<Record<ResampledScore, number>>> {
  const alone = { ...prediction, members: 1, memberProbs: prediction.probs };
  const means = Object.entries({
    accuracy: accuracy(),
    ...(prediction.classes > 5 && { top5: topKAccuracy(5) }),
    nll: nll(),
    brier: brier(),
  }).map(([name, metric]) => [name, valuesOfSamples(metric, alone, labels)] as const);
  const { confidence, correct } = topLabel(prediction.probs, labels);
  const order = Uint32Array.from(labels, (_, n) => n).sort((a, b) => confidence[b]! - confidence[a]! || a - b);
  const place = new Uint32Array(order.length);
  order.forEach((n, k) => {
    place[n] = k;
  });
  const sure = Float64Array.from(order, (n) => confidence[n]!);
  const wrong = Uint8Array.from(order, (n) => 1 - correct[n]!);
  const counts = new Uint32Array(order.length);
  return (rows) => {
    counts.fill(0);
    for (const row of rows) counts[place[row]!]!++;
    return {
      ...Object.fromEntries(means.map(([name, values]) => [name, meanAt(values, rows)])),
      ece: eceOf(sure, wrong, counts, rows.length, BINS),
      aurc: aurcOf(sure, wrong, counts, rows.length),
      eceEqualMass: eceEqualMassOf(sure, wrong, counts, rows.length),
      eceFreetickets: eceOf(sure, wrong, counts, rows.length, BINS - 1),
    };
  };
}

/** Bins (low, high] of equal width. With 14 of them it is the published code's, which leaves out confidences above 1. */
function eceOf(sure: Float64Array, wrong: Uint8Array, counts: Uint32Array, size: number, bins: number): number {
  const gap = new Float64Array(bins);
  for (let k = 0; k < sure.length; k++) {
    if (bins === BINS - 1 && sure[k]! > 1) continue;
    const bin = Math.min(Math.max(Math.ceil(sure[k]! * bins) - 1, 0), bins - 1);
    gap[bin]! += counts[k]! * (1 - wrong[k]! - sure[k]!);
  }
  return gap.reduce((sum, own) => sum + Math.abs(own), 0) / size;
}

/** Runs of the order of confidence whose lengths differ by at most one, the longer at the low end. Equal confidences go by sample. */
function eceEqualMassOf(sure: Float64Array, wrong: Uint8Array, counts: Uint32Array, size: number): number {
  const bins = Math.min(BINS, size);
  const longer = size % bins;
  let total = 0;
  let gap = 0;
  let bin = 0;
  let room = Math.floor(size / bins) + (longer > 0 ? 1 : 0);
  for (let k = sure.length - 1; k >= 0; k--)
    for (let left = counts[k]!; left > 0; ) {
      const taken = Math.min(left, room);
      gap += taken * (1 - wrong[k]! - sure[k]!);
      left -= taken;
      room -= taken;
      if (room > 0) continue;
      total += Math.abs(gap);
      gap = 0;
      bin++;
      room = Math.floor(size / bins) + (bin < longer ? 1 : 0);
    }
  return total / size;
}

/** Among equal confidences each sample counts as their mean error. */
function aurcOf(sure: Float64Array, wrong: Uint8Array, counts: Uint32Array, size: number): number {
  let area = 0;
  let taken = 0;
  let errors = 0;
  for (let start = 0, end = 0; start < sure.length; start = end) {
    let equal = 0;
    let equalErrors = 0;
    for (; end < sure.length && sure[end] === sure[start]; end++) {
      equal += counts[end]!;
      equalErrors += counts[end]! * wrong[end]!;
    }
    for (let k = 1; k <= equal; k++) area += (errors + (equalErrors * k) / equal) / (taken + k);
    taken += equal;
    errors += equalErrors;
  }
  return area / size;
}
