import { argmax } from '../argmax.ts';
import { type Reals, samplesOfMembers } from '../reals.ts';

/**
 * Share of members that do not vote for the class with the most votes, in [0, 1 - 1 / members]. 0 for a single member.
 * @param memberProbs (members, samples, classes)
 * @source Freeman, "Elementary applied statistics", 1965
 */
export function variationRatioScore(memberProbs: Reals, members: number, classes: number): Float64Array {
  const size = samplesOfMembers(memberProbs, members, classes);
  return Float64Array.from({ length: size }, (_, n) => {
    const votes = new Uint32Array(classes);
    for (let m = 0; m < members; m++) votes[argmax(memberProbs, (m * size + n) * classes, classes)]!++;
    return 1 - Math.max(...votes) / members;
  });
}
