/** The plan of a run with one phase and one ticket: what the members of DST, static and dense ensembles share. */
import type { Schedule } from '@freetickets/sparse-core';
import type { Pruning, Rewiring } from '../rewiring.ts';
import { checkPlan } from './check-plan.ts';
import { checkWhole } from './checks.ts';
import type { Phase, Plan } from './plan.ts';
import { firstRate, planFields, type SparsePlanOptions } from './plan-options.ts';

export interface SingleRunOptions {
  /** How many members: as many plans come back, all alike. Train each with a seed of its own. */
  readonly tickets: number;
  /** Per member. */
  readonly epochs: number;
}

export function singleRuns(
  method: string,
  options: SparsePlanOptions & SingleRunOptions,
  rewiring: Rewiring | 'frozen',
  pruning?: Pruning,
): readonly Plan[] {
  const { tickets, epochs, ticket = 'best-validation' } = options;
  checkWhole(tickets, `${method}: tickets`);
  checkWhole(epochs, `${method}: epochs`);
  const learningRate = tenfoldDrops(firstRate(method, options), epochs);
  const phase: Phase = { name: 'train', epochs, learningRate, rewiring, ...(pruning && { pruning }), ticket };
  const plan = { ...planFields(method, options), denseEpochs: epochs, phases: [phase] };
  checkPlan(plan);
  return Array.from({ length: tickets }, () => plan);
}

/** A tenth after half of the epochs and a hundredth after three quarters, both rounded down; a drop at 0 would leave out the first rate. */
function tenfoldDrops(rate: number, epochs: number): Schedule {
  const drops: [number, number][] = [
    [Math.floor(epochs / 2), rate / 10],
    [Math.floor((3 * epochs) / 4), rate / 100],
  ];
  return { kind: 'steps', start: rate, changes: drops.filter(([at]) => at > 0) };
}
