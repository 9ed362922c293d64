import type { Reals } from '../reals.ts';
import { uncertaintyDecomposition } from '../uncertainty-decomposition.ts';

/**
 * Mutual information between prediction and member, in nats: the epistemic part of the uncertainty of each sample. 0 for a single member.
 * @param memberProbs (members, samples, classes)
 */
export const mutualInformationScore = (memberProbs: Reals, members: number, classes: number): Float64Array =>
  uncertaintyDecomposition(memberProbs, members, classes).epistemic;
