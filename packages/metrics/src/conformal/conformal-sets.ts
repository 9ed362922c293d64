import { SparseError } from '@freetickets/sparse-core';
import { checkLabels, type Reals, rowsOf } from '../reals.ts';
import { type ConformalPredictor, uniformFor } from './calibrate-conformal.ts';
import { checkRule, conformalScores } from './conformal-score.ts';

export interface ConformalSets {
  readonly classes: number;
  /** (samples, classes): 1 where the class belongs to the sample's set. */
  readonly inside: Uint8Array;
  /** (samples): classes in the set; 0 is possible. */
  readonly sizes: Uint32Array;
}

/**
 * The sets of new samples.
 * @param probs (samples, classes)
 * @param firstIndex of the first of these samples in the whole set, when it comes in batches; default 0
 */
export function conformalSets(predictor: ConformalPredictor, probs: Reals, classes: number, firstIndex = 0): ConformalSets {
  checkRule(predictor);
  const size = rowsOf('probs', probs, classes);
  const inside = new Uint8Array(size * classes);
  const sizes = new Uint32Array(size);
  const row = new Float64Array(classes);
  for (let n = 0; n < size; n++) {
    const u = predictor.randomized && predictor.method !== 'thr' ? uniformFor(predictor.seed, 'predict', firstIndex + n) : 0;
    conformalScores(predictor, probs, n * classes, u, row);
    for (let c = 0; c < classes; c++)
      if (row[c]! <= predictor.threshold) {
        inside[n * classes + c] = 1;
        sizes[n]!++;
      }
  }
  return { classes, inside, sizes };
}

export interface ConformalSummary {
  /** Share of samples whose set holds the label. */
  readonly coverage: number;
  readonly meanSize: number;
  /** Share of sets without a class. */
  readonly emptyShare: number;
}

/** @throws SparseError SHAPE_MISMATCH when there is not one label for each set, INVALID_ARGUMENT for a label that is no class */
export function summarizeSets({ classes, inside, sizes }: ConformalSets, labels: Int32Array): ConformalSummary {
  if (labels.length !== sizes.length || labels.length === 0)
    throw new SparseError('SHAPE_MISMATCH', 'labels', `one label for each of ${sizes.length} sets, and at least one`, labels.length);
  checkLabels(labels, classes);
  const size = labels.length;
  return {
    coverage: labels.reduce((sum, label, n) => sum + inside[n * classes + label]!, 0) / size,
    meanSize: sizes.reduce((sum, count) => sum + count, 0) / size,
    emptyShare: sizes.filter((count) => count === 0).length / size,
  };
}
