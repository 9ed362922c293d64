/** Plans of independent runs with one ticket each: what the members of DST, static and dense ensembles share, and those that prune later. */
import type { Schedule } from '@freetickets/sparse-core';
import type { Pruning, Rewiring } from '../rewiring.ts';
import { checkPlan } from './check-plan.ts';
import { checkWhole } from './checks.ts';
import type { Phase, Plan } from './plan.ts';
import { phaseRate, planFields, type SparsePlanOptions } from './plan-options.ts';

export interface SingleRunOptions {
  /** How many members: as many plans come back, all alike. Train each with a seed of its own. */
  readonly tickets: number;
  /** Per member; of a method that trains more than once, each time. */
  readonly epochs: number;
}

export function singleRuns(
  method: string,
  options: SparsePlanOptions & SingleRunOptions,
  rewiring: Rewiring | 'frozen',
  pruning?: Pruning,
): readonly Plan[] {
  const { epochs, ticket = 'best-validation' } = options;
  return runsOf(method, options, (learningRate) => [
    { name: 'train', epochs, learningRate, rewiring, ...(pruning && { pruning }), ticket },
  ]);
}

/** Runs that train the dense network as `dense` does, hand out nothing, and go on from there. */
export function runsFromDense(
  method: string,
  options: SparsePlanOptions & SingleRunOptions,
  later: (learningRate: Schedule) => readonly Phase[],
  fields: Pick<Plan, 'rewindTo'> = {},
): readonly Plan[] {
  const first = (learningRate: Schedule): Phase => ({ name: 'dense', epochs: options.epochs, learningRate, rewiring: 'frozen' });
  return runsOf(method, options, (learningRate) => [first(learningRate), ...later(learningRate)], fields);
}

function runsOf(
  method: string,
  options: SparsePlanOptions & SingleRunOptions,
  phasesAt: (learningRate: Schedule) => readonly Phase[],
  fields: Pick<Plan, 'rewindTo'> = {},
): readonly Plan[] {
  const { tickets, epochs } = options;
  checkWhole(tickets, `${method}: tickets`);
  checkWhole(epochs, `${method}: epochs`);
  const phases = phasesAt(phaseRate(method, options, 0, (rate) => tenfoldDrops(rate, epochs)));
  const plan = { ...planFields(method, options), ...fields, denseEpochs: epochs, phases };
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
