/** Split conformal prediction: from probabilities to sets of classes that hold the label with a chosen probability, whatever the model. */
import { rng } from '@freetickets/sparse-core';
import { checkShare, classesOf, type Reals } from '../reals.ts';
import { type ConformalRule, checkRule, conformalScores } from './conformal-score.ts';

export interface ConformalOptions extends Partial<ConformalRule> {
  /** The share of labels that sets may miss. Default 0.1. */
  readonly alpha?: number;
  /** Of the uniform draws, one for each sample by its index. Default 0. */
  readonly seed?: number;
}

/** Plain data: a predictor can be written to a file and used elsewhere. */
export interface ConformalPredictor extends ConformalRule {
  readonly alpha: number;
  readonly seed: number;
  /** Classes score up to here. Infinity (every class) when there were too few samples for this alpha. */
  readonly threshold: number;
}

/**
 * The threshold is the ceil((n + 1) (1 - alpha))-th smallest score of the n labels. On new samples that are exchangeable with these, the sets
 * hold the label with probability at least 1 - alpha, and at most 1 / (n + 1) more when scores have no ties.
 * Defaults: `method` aps, `randomized` true, `penalty` 0.1, `freeRanks` 1.
 *
 * @param probs (samples, classes), of data that neither training nor testing uses
 * @throws SparseError SHAPE_MISMATCH, INVALID_ARGUMENT or NON_FINITE when probabilities, labels or options do not fit
 * @source THR: Sadinle et al., arXiv:1609.00451; APS: Romano et al., arXiv:2006.02544; RAPS: Angelopoulos et al., arXiv:2009.14193
 */
export function calibrateConformal(
  probs: Reals,
  labels: Int32Array,
  { method = 'aps', alpha = 0.1, randomized = true, penalty = 0.1, freeRanks = 1, seed = 0 }: ConformalOptions = {},
): ConformalPredictor {
  const rule = { method, randomized, penalty, freeRanks };
  checkRule(rule);
  checkShare('conformal.alpha', alpha);
  const classes = classesOf('probs', probs, labels);
  const row = new Float64Array(classes);
  const scores = Float64Array.from(labels, (label, n) => {
    conformalScores(rule, probs, n * classes, uniformFor(seed, 'calibrate', n), row);
    return row[label]!;
  }).sort();
  const rank = Math.ceil((labels.length + 1) * (1 - alpha) - 1e-9); // 1 - alpha is rounded; a whole rank must not become the next
  return { ...rule, alpha, seed, threshold: scores[rank - 1] ?? Number.POSITIVE_INFINITY };
}

/** The draw of one sample: a function of the seed and its index, so that sets do not depend on how samples are cut into batches. */
export const uniformFor = (seed: number, part: 'calibrate' | 'predict', n: number): number =>
  rng(seed).stream('conformal', part, n).uniform();
