/**
 * Scores of a resample, thousands of which stand behind an interval. What they need of each sample is looked up once: its loss, its bin, its
 * place in the order of confidence. A resample is then a count for each sample, and every score one pass over the counts: for 10,000 samples
 * a millisecond or two, where computing all metrics anew, with their sorting, takes fifteen. The definitions are those of the metrics
 * of the same names, to which the tests hold them.
 */
import type { Prediction } from '@freetickets/sparse-core';
import { accuracy } from '../accuracy.ts';
import { brier } from '../brier.ts';
import { calibrationError } from '../calibration/calibration-error.ts';
import { debiasedMeanGap } from '../calibration/debiased-ece.ts';
import { type BinTotals, binOf } from '../calibration/reliability-bins.ts';
import { nll } from '../nll.ts';
import { topKAccuracy } from '../top-k-accuracy.ts';
import { topLabel } from '../top-label.ts';
import { meanAt, valuesOfSamples } from './sample-values.ts';

/**
 * `eceEqualMass` is `ece({ edges: 'quantile' })`, `eceFreetickets` `ece({ edges: 'freetickets' })`, `eceClasswise` `classwiseEce()`,
 * `eceDebiased` `debiasedEce()`.
 */
export type ResampledScore =
  | 'accuracy'
  | 'top5'
  | 'nll'
  | 'brier'
  | 'ece'
  | 'aurc'
  | 'eceEqualMass'
  | 'eceClasswise'
  | 'eceDebiased'
  | 'eceFreetickets';

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
  const gaps = classwiseGaps(prediction, labels);
  const counts = new Uint32Array(order.length);
  const times = new Uint32Array(order.length);
  return (rows) => {
    counts.fill(0);
    times.fill(0);
    for (const row of rows) {
      counts[place[row]!]!++;
      times[row]!++;
    }
    const bins = equalMassBins(sure, wrong, counts, rows.length);
    return {
      ...Object.fromEntries(means.map(([name, values]) => [name, meanAt(values, rows)])),
      ece: eceOf(sure, wrong, counts, rows.length, BINS),
      aurc: aurcOf(sure, wrong, counts, rows.length),
      eceEqualMass: calibrationError(bins),
      eceDebiased: debiasedMeanGap(bins),
      eceClasswise: classwiseEceOf(gaps, times, prediction.classes, rows.length),
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
function equalMassBins(sure: Float64Array, wrong: Uint8Array, counts: Uint32Array, size: number): BinTotals[] {
  const found: BinTotals[] = [];
  const bins = Math.min(BINS, size);
  const longer = size % bins;
  const whole = () => Math.floor(size / bins) + (found.length < longer ? 1 : 0);
  let [room, confidence, correct] = [whole(), 0, 0];
  for (let k = sure.length - 1; k >= 0; k--)
    for (let left = counts[k]!; left > 0; ) {
      const taken = Math.min(left, room);
      confidence += taken * sure[k]!;
      correct += taken * (1 - wrong[k]!);
      left -= taken;
      room -= taken;
      if (room > 0) continue;
      const count = whole();
      found.push({ count, confidence: confidence / count, accuracy: correct / count });
      [room, confidence, correct] = [whole(), 0, 0];
    }
  return found;
}

/** For each class: the bin of its probability in each sample, and [the label is the class] - p. */
function classwiseGaps({ probs, classes, size }: Prediction, labels: Int32Array): { place: Uint32Array; gap: Float64Array } {
  const place = new Uint32Array(size * classes);
  const gap = new Float64Array(size * classes);
  for (let n = 0; n < size; n++)
    for (let c = 0; c < classes; c++) {
      const p = probs[n * classes + c]!;
      place[n * classes + c] = c * BINS + binOf(p, BINS);
      gap[n * classes + c] = (labels[n] === c ? 1 : 0) - p;
    }
  return { place, gap };
}

/** @param times each sample counts, in the order of the file */
function classwiseEceOf({ place, gap }: ReturnType<typeof classwiseGaps>, times: Uint32Array, classes: number, size: number): number {
  const sums = new Float64Array(classes * BINS);
  for (let n = 0; n < times.length; n++) {
    if (times[n] === 0) continue;
    for (let k = n * classes; k < (n + 1) * classes; k++) sums[place[k]!]! += times[n]! * gap[k]!;
  }
  return sums.reduce((sum, own) => sum + Math.abs(own), 0) / (classes * size);
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
