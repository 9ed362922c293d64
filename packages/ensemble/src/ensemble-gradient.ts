import type { Session } from '@freetickets/sparse-core';
import type { ImageGradient } from './attack.ts';

/** What is asked of a member. */
export type Differentiable = Pick<Session, 'predict' | 'inputGradient'>;

/**
 * Gradient of the mean over the batch of -ln p(label), p being the mean of the members' softmax, with respect to the pictures:
 * the sum over members of `p_m(label) / sum of p(label) over members` times the gradient of member m's cross-entropy. Of a single member it is
 * that of its cross-entropy.
 * @param members open for `inputGradient`, each with one head
 */
export const ensembleGradient =
  (members: readonly Differentiable[]): ImageGradient =>
  async (images, labels) => {
    const size = labels.length;
    const shares = sharesOf(members.length > 1 ? await labelLogProbabilities(members, images, labels) : [new Float64Array(size)]);
    const sum = new Float64Array(images.length);
    const pixels = images.length / size;
    for (const [m, member] of members.entries()) {
      const own = await member.inputGradient({ size, images, labels });
      for (let i = 0; i < sum.length; i++) sum[i]! += shares[m]![Math.floor(i / pixels)]! * own[i]!;
    }
    return Float32Array.from(sum);
  };

/** ln p(label) of each sample, one array for each member. */
async function labelLogProbabilities(
  members: readonly Differentiable[],
  images: Float32Array,
  labels: Int32Array,
): Promise<readonly Float64Array[]> {
  const found = [];
  for (const member of members) {
    const logits = await member.predict(images, labels.length);
    const classes = logits.length / labels.length;
    found.push(
      Float64Array.from(labels, (label, n) => {
        const row = logits.subarray(n * classes, (n + 1) * classes);
        const largest = row.reduce((most, logit) => Math.max(most, logit));
        return row[label]! - largest - Math.log(row.reduce((sum, logit) => sum + Math.exp(logit - largest), 0));
      }),
    );
  }
  return found;
}

/** Softmax over the members: where all are sure of another class, the probabilities themselves are 0 and their quotient nothing. */
function sharesOf(logProbabilities: readonly Float64Array[]): readonly Float64Array[] {
  const first = logProbabilities[0]!;
  const largest = first.map((_, n) => Math.max(...logProbabilities.map((own) => own[n]!)));
  const weights = logProbabilities.map((own) => own.map((value, n) => Math.exp(value - largest[n]!)));
  const totals = first.map((_, n) => weights.reduce((sum, own) => sum + own[n]!, 0));
  return weights.map((own) => own.map((weight, n) => weight / totals[n]!));
}
