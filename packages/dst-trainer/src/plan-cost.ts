/** What a plan costs before it runs, by formula: floating-point operations, and how they compare with one dense network. */
import { forwardFlops, momentumOf, type Network, SparseError, trainingFlops } from '@freetickets/sparse-core';
import { prunedTo } from './decide-pruning.ts';
import { gatheredSteps } from './gradient-average.ts';
import { rowsPerImage, runsPerImage } from './one-pass/one-pass.ts';
import { sharedNetwork } from './one-pass/shared-form.ts';
import type { Phase, Plan } from './plans/plan.ts';
import { startSparsity } from './plans/start-sparsity.ts';
import { needsOf } from './rewiring.ts';

export interface PlanCost {
  /** All epochs of all plans. */
  readonly trainingFlops: number;
  /** One sample through every member. */
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
 *         per interval, one that needs the averaged gradient once per step gathered. A pruned epoch counts as it begins. Redistribution and
 *         pruning of the whole network move weights between layers of different cost, and measured counts are not known yet: all count as the plan's distribution has them.
 *         Validation is not counted. Members that share a network cost its runs: for MIMO as it is trained, though a ticket of it reads one image
 *         and costs no more
 */
export function planCost(network: Network, plans: Plan | readonly Plan[], samplesPerEpoch: number): PlanCost {
  const all = 'phases' in plans ? [plans] : plans;
  const first = all[0];
  if (!first) throw new SparseError('INVALID_ARGUMENT', 'plans', 'at least one plan', plans);
  const denseForward = forwardFlops(network);
  let training = 0;
  let inference = 0;
  for (const plan of all) {
    const costs = costsOf(network, plan, samplesPerEpoch);
    for (const flops of costs.epochs) training += flops;
    inference += costs.inference;
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

/** Floating-point operations of each epoch of a plan, counted as `planCost` does. */
export const epochFlops = (network: Network, plan: Plan, samplesPerEpoch: number): readonly number[] =>
  costsOf(network, plan, samplesPerEpoch).epochs;

/** @returns operations of each epoch, and of one sample through every ticket */
function costsOf(network: Network, plan: Plan, samplesPerEpoch: number): { readonly epochs: number[]; readonly inference: number } {
  const { onePass } = plan;
  const trained = sharedNetwork(network, onePass);
  const dense = forwardFlops(trained);
  const forwardAt = (sparsity: number) => forwardFlops(trained, plan.distribution(trained, sparsity));
  const epochs: number[] = [];
  let inference = 0;
  let sparsity = startSparsity(plan);
  for (const phase of plan.phases) {
    const { pruning, opening, ticket } = phase;
    sparsity = opening?.prune?.sparsity ?? sparsity;
    const constant = forwardAt(sparsity);
    for (let epoch = 0; epoch < phase.epochs; epoch++) {
      const sparse = pruning ? forwardAt(prunedTo(pruning, epoch)) : constant;
      epochs.push(perSample({ dense, sparse }, phase, plan) * rowsPerImage(onePass) * samplesPerEpoch);
    }
    if (pruning) sparsity = plan.sparsity;
    if (ticket) inference += forwardAt(sparsity) * runsPerImage(onePass);
  }
  return { epochs, inference };
}

function perSample(forward: { dense: number; sparse: number }, { rewiring }: Phase, { optimizer, profile }: Plan): number {
  // A dense gradient at every step, for the momentum of dead weights.
  if (profile?.deadMomentum === 'gathers') return 2 * forward.sparse + forward.dense;
  if (rewiring === 'frozen') return trainingFlops(forward, { method: 'static' });
  const needs = needsOf(rewiring);
  const gathered = needs.includes('momentum')
    ? Math.min(rewiring.every, gatheredSteps(momentumOf(optimizer)))
    : Number(needs.includes('gradient'));
  return trainingFlops(forward, gathered > 0 ? { method: 'rigl', every: rewiring.every / gathered } : { method: 'set' });
}
