import { classesOf, type Reals } from '../reals.ts';
import { bracketedRoot } from '../statistics/bracketed-root.ts';
import { softmaxRow } from './softmax.ts';

/** Temperatures are sought between 1 / BOUND and BOUND. */
const BOUND = 1000;

/**
 * The temperature T at which softmax(logits / T) has the smallest negative log-likelihood of the labels. The loss is convex in 1 / T, so its
 * derivative rises and one bisection finds the minimum, to the last digit and from no starting point. At a minimum at infinity the bound is
 * returned: 1/1000 for logits that are never wrong, 1000 for logits that say nothing about the labels.
 *
 * @param logits (samples, classes), of data that neither training nor testing uses
 * @throws SparseError SHAPE_MISMATCH, INVALID_ARGUMENT or NON_FINITE when logits and labels do not fit
 * @source Guo et al., arXiv:1706.04599, section 4.2
 */
export function fitTemperature(logits: Reals, labels: Int32Array): number {
  const classes = classesOf('logits', logits, labels);
  const row = new Float64Array(classes);
  /** d NLL / d(1 / T): the expected logit less the label's, over all samples. */
  const slope = (inverse: number) => {
    let sum = 0;
    for (let n = 0; n < labels.length; n++) {
      softmaxRow(logits, n * classes, inverse, row);
      for (let c = 0; c < classes; c++) sum += row[c]! * (logits[n * classes + c]! - logits[n * classes + labels[n]!]!);
    }
    return sum;
  };
  return Math.exp(-bracketedRoot((logInverse) => slope(Math.exp(logInverse)), -Math.log(BOUND), Math.log(BOUND)));
}
