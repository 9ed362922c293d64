// When further members need not be asked. After k of M members the leading class is ahead of the next by `margin`, a difference of mean
// probabilities. An answer stands once
//
//     margin >= (M - k) / k                     the others cannot change it, whatever they say; or
//     margin >= lead * sqrt((M - k) / k)        they will hardly do so
//
// The root is how far the mean of all members strays from that of k of them, if these were drawn by lot. `lead` is fitted on validation
// data, so that asking fewer members costs at most a chosen part of the accuracy. The same lines decide while fitting and while serving.

import { argmax, type Reals } from '@freetickets/metrics';

export interface StoppingRule {
  /** In [0, 1]; see above. With 1 an answer stands only when nothing can change it. */
  readonly lead: number;
}

export interface FittedStopping extends StoppingRule {
  /** The part of the accuracy that the rule was allowed to cost. */
  readonly allowedLoss: number;
  /** On the data that it was fitted on: accuracy of all members and of those asked, and how many were asked on the mean. */
  readonly fullAccuracy: number;
  readonly accuracy: number;
  readonly meanMembers: number;
}

/**
 * The largest `lead` with which a sample may stop after `asked` of `members` members; infinite where nothing can change any more.
 * @param sums of the probabilities of the members asked, `classes` numbers from `offset`
 */
export function leadOf(sums: Reals, offset: number, classes: number, asked: number, members: number): number {
  const best = argmax(sums, offset, classes);
  let second = 0;
  for (let c = 0; c < classes; c++) if (c !== best) second = Math.max(second, sums[offset + c]!);
  const ahead = sums[offset + best]! - second;
  if (ahead >= members - asked) return Number.POSITIVE_INFINITY;
  return ahead / asked / Math.sqrt((members - asked) / asked);
}

/** Leads that are tried, in steps of 1 / STEPS. The least one keeps all members for inputs about which the first knows nothing. */
const STEPS = 200;
const LEAST = 0.1 * STEPS;

/**
 * The smallest lead at which at most the allowed part of the samples is right with all members and wrong with those asked; so it is at
 * every larger one. Samples that fewer members get right are not set off against them: on other data they may not come.
 *
 * @param memberProbs (members, samples, classes), of data that were not trained on
 * @param allowedLoss a part of the accuracy: 0.001 is 0.1 point
 */
export function fitStopping(memberProbs: Reals, labels: Int32Array, members: number, allowedLoss: number): FittedStopping {
  const size = labels.length;
  const steps = stepsOf(memberProbs, labels, members);
  const fullAccuracy = steps.reduce((sum, { right }) => sum + right[members - 1]!, 0) / size;
  let best: FittedStopping | undefined;
  for (let step = STEPS; step >= LEAST; step--) {
    const lead = step / STEPS;
    let [gained, lost, asked] = [0, 0, 0];
    for (const { reached, right } of steps) {
      const last = reached.findIndex((value) => value >= lead);
      asked += last + 1;
      const change = right[last]! - right[members - 1]!;
      if (change > 0) gained++;
      if (change < 0) lost++;
    }
    if (best && lost / size > allowedLoss) break;
    best = { lead, allowedLoss, fullAccuracy, accuracy: fullAccuracy + (gained - lost) / size, meanMembers: asked / size };
  }
  return best!;
}

interface Steps {
  /** After each member: the largest lead at which the sample would stop there. */
  readonly reached: readonly number[];
  /** After each member: 1 where the mean so far names the label. */
  readonly right: readonly number[];
}

function stepsOf(memberProbs: Reals, labels: Int32Array, members: number): Steps[] {
  const classes = memberProbs.length / members / labels.length;
  return Array.from(labels, (label, n) => {
    const sums = new Float64Array(classes);
    const reached: number[] = [];
    const right: number[] = [];
    for (let m = 0; m < members; m++) {
      for (let c = 0; c < classes; c++) sums[c]! += memberProbs[(m * labels.length + n) * classes + c]!;
      reached.push(leadOf(sums, 0, classes, m + 1, members));
      right.push(argmax(sums, 0, classes) === label ? 1 : 0);
    }
    return { reached, right };
  });
}
