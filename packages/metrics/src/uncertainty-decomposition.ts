import { PROBABILITY_FLOOR } from './nll.ts';
import { type Reals, rowsOf, samplesOfMembers } from './reals.ts';

/** In nats, one number for each sample: total = aleatoric + epistemic. */
export interface UncertaintyDecomposition {
  /** Entropy of the members' mean prediction. */
  readonly total: Float64Array;
  /** Mean of the members' entropies: what each of them is unsure of. */
  readonly aleatoric: Float64Array;
  /** Their difference, the mutual information between prediction and member: what they disagree about. */
  readonly epistemic: Float64Array;
}

/**
 * @param memberProbs (members, samples, classes)
 * @throws SparseError INVALID_ARGUMENT, SHAPE_MISMATCH or NON_FINITE when the array is not of that shape
 * @source Depeweg et al., arXiv:1710.07283, eq. 7; as in BALD, arXiv:1112.5745
 */
export function uncertaintyDecomposition(memberProbs: Reals, members: number, classes: number): UncertaintyDecomposition {
  const size = samplesOfMembers(memberProbs, members, classes);
  const total = entropies(meanOverMembers(memberProbs, members), classes);
  const aleatoric = meanOverMembers(entropies(memberProbs, classes), members);
  const epistemic = Float64Array.from({ length: size }, (_, n) => Math.max(0, total[n]! - aleatoric[n]!)); // below 0 by rounding only
  return { total, aleatoric, epistemic };
}

/** Entropy in nats of each row; p ln p is 0 at 0. */
export function entropies(probs: Reals, classes: number): Float64Array {
  const size = rowsOf('probs', probs, classes);
  return Float64Array.from({ length: size }, (_, n) => {
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      const p = probs[n * classes + c]!;
      sum -= p * Math.log(Math.max(p, PROBABILITY_FLOOR));
    }
    return sum;
  });
}

function meanOverMembers(values: Reals, members: number): Float64Array {
  const mean = new Float64Array(values.length / members);
  for (let k = 0; k < values.length; k++) mean[k % mean.length]! += values[k]! / members;
  return mean;
}
