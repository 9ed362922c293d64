/** What a plan costs before it runs, by formula: floating-point operations, and how they compare with one dense network. */
import { forwardFlops, momentumOf, type Network, SparseError, trainingFlops } from '@freetickets/sparse-core';
import { prunedTo } from './decide-pruning.ts';
import { gatheredSteps } from './gradient-average.ts';
import type { Phase, Plan } from './plans/plan.ts';
import { needsOf } from './rewiring.ts';

export interface PlanCost {
  /** All epochs of all plans. */
  readonly trainingFlops: number;
  /** One sample through every ticket. */
  readonly inferenceFlops: number;
  /** `trainingFlops` over those of one dense network that trains `denseEpochs` of the (first) plan. */
  readonly trainingVersusDense: number;
  /** `inferenceFlops` over one sample through one dense network. */
  readonly inferenceVersusDense: number;
}

/**
 * @param plans            one plan, or all plans of an ensemble of independent runs
 * @param samplesPerEpoch  size of the training data
 * @source the accounting of RigL (arXiv:1911.11134): forward once, backward twice; a growth rule that needs the dense gradient pays for it once
 *         per interval, one that needs the averaged gradient once per step gathered. A pruned epoch counts as it begins. Redistribution moves
 *         weights between layers of different cost, and measured counts are not known yet: both count as the plan's distribution has them.
 *         Validation is not counted
 */
export function planCost(network: Network, plans: Plan | readonly Plan[], samplesPerEpoch: number): PlanCost {
  const all = 'phases' in plans ? [plans] : plans;
  const first = all[0];
  if (!first) throw new SparseError('INVALID_ARGUMENT', 'plans', 'at least one plan', plans);
  const denseForward = forwardFlops(network);
  let training = 0;
  let inference = 0;
  for (const plan of all) {
    const sparse = forwardFlops(network, plan.distribution(network, plan.sparsity));
    for (const phase of plan.phases) {
      const forwards = phase.pruning ? prunedForwards(network, plan, phase) : Array.from({ length: phase.epochs }, () => sparse);
      for (const forward of forwards) training += perSample({ dense: denseForward, sparse: forward }, phase, plan) * samplesPerEpoch;
      if (phase.ticket) inference += sparse;
    }
  }
  const denseTraining =
    trainingFlops({ dense: denseForward, sparse: denseForward }, { method: 'dense' }) * samplesPerEpoch * first.denseEpochs;
  return {
    trainingFlops: training,
    inferenceFlops: inference,
    trainingVersusDense: training / denseTraining,
    inferenceVersusDense: inference / denseForward,
  };
}

/** Forward operations in each epoch of a phase that prunes. */
function prunedForwards(network: Network, plan: Plan, { pruning, epochs }: Phase): number[] {
  return Array.from({ length: epochs }, (_, epoch) => forwardFlops(network, plan.distribution(network, prunedTo(pruning!, epoch))));
}

function perSample(forward: { dense: number; sparse: number }, { rewiring }: Phase, { optimizer }: Plan): number {
  if (rewiring === 'frozen') return trainingFlops(forward, { method: 'static' });
  const needs = needsOf(rewiring);
  const gathered = needs.includes('momentum')
    ? Math.min(rewiring.every, gatheredSteps(momentumOf(optimizer)))
    : Number(needs.includes('gradient'));
  return trainingFlops(forward, gathered > 0 ? { method: 'rigl', every: rewiring.every / gathered } : { method: 'set' });
}
