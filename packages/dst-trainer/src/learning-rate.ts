import { valueAt } from '@freetickets/sparse-core';
import { epochsBefore } from './plans/epochs-before.ts';
import type { Plan } from './plans/plan.ts';

/**
 * The learning rate of a step: the schedule of its phase at the time at which it begins, times the warm-up's part of it: s / W at the s-th of the
 * W steps that the run warms up for.
 * @param stepInPhase counted from 1
 */
export function learningRateOf(plan: Plan, phase: number, stepInPhase: number, stepsPerEpoch: number): number {
  const rate = valueAt(plan.phases[phase]!.learningRate, (stepInPhase - 1) / stepsPerEpoch);
  const warmUp = (plan.warmupEpochs ?? 0) * stepsPerEpoch;
  const step = epochsBefore(plan, phase) * stepsPerEpoch + stepInPhase;
  return step < warmUp ? (rate * step) / warmUp : rate;
}
