/** What a plan costs before it runs, by formula: floating-point operations, and how they compare with one dense network. */
import { forwardFlops, type Network, SparseError, trainingFlops } from '@freetickets/sparse-core';
import type { Phase, Plan } from './plans/plan.ts';

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
 *         per interval. Validation is not counted
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
      training += perSample({ dense: denseForward, sparse }, phase) * samplesPerEpoch * phase.epochs;
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

function perSample(forward: { dense: number; sparse: number }, { rewiring }: Phase): number {
  if (rewiring === 'frozen') return trainingFlops(forward, { method: 'static' });
  const denseGradient = rewiring.grow.needs.includes('gradient') || rewiring.drop.needs.includes('gradient');
  return trainingFlops(forward, denseGradient ? { method: 'rigl', every: rewiring.every } : { method: 'set' });
}
