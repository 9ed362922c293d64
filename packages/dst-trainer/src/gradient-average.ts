/**
 * The momentum of dead weights, which sparse storage does not have: the trainer gathers the dense gradients of the last steps before a
 * rewiring, `average = momentum * average + gradient`, as the optimiser would. Older gradients than those gathered would weigh less than 1 %.
 */
import { momentumOf, type ParamName } from '@freetickets/sparse-core';
import { epochsBefore } from './plans/epochs-before.ts';
import type { Plan } from './plans/plan.ts';
import { needsOf } from './rewiring.ts';
import { escapeAfter, whenToRewire } from './when-to-rewire.ts';

/** Over all positions of each sparse weight. */
export type DenseArrays = ReadonlyMap<ParamName, Float32Array>;

/** What the oldest gradient gathered weighs at most. */
const LEAST_WEIGHT = 0.01;

/** How many steps are gathered: 44 at a momentum of 0.9. */
export const gatheredSteps = (momentum: number): number =>
  momentum === 0 ? 1 : Math.max(1, Math.ceil(Math.log(LEAST_WEIGHT) / Math.log(momentum)));

/**
 * Whether a step's dense gradient is gathered: a rewiring whose rules read the average is due there or soon after.
 * @param step counted from 1 over the whole plan
 */
export function gathers(plan: Plan, step: number, stepsPerEpoch: number): boolean {
  const reads = plan.phases.some(({ rewiring }) => rewiring !== 'frozen' && needsOf(rewiring).includes('momentum'));
  if (!reads) return false;
  const ahead = gatheredSteps(momentumOf(plan.optimizer));
  for (let later = step; later < step + ahead; later++) if (readsAverageAt(plan, later, stepsPerEpoch)) return true;
  return false;
}

function readsAverageAt(plan: Plan, step: number, stepsPerEpoch: number): boolean {
  const index = plan.phases.findIndex((_, i) => step <= epochsBefore(plan, i + 1) * stepsPerEpoch);
  const phase = plan.phases[index];
  if (!phase) return false;
  const stepInPhase = step - epochsBefore(plan, index) * stepsPerEpoch;
  const due = whenToRewire(phase, step, stepInPhase, stepsPerEpoch, plan.profile);
  const leap = stepInPhase === phase.epochs * stepsPerEpoch ? escapeAfter(plan, index) : undefined;
  return [due, leap].some((one) => one !== undefined && needsOf(one.rewiring).includes('momentum'));
}

/** The average with one more gradient, as a new array. */
export function gathered(before: Float32Array | undefined, gradient: Float32Array, momentum: number): Float32Array {
  return before ? before.map((sum, i) => momentum * sum + gradient[i]!) : gradient.slice();
}
