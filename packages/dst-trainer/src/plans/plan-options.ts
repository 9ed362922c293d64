/** The options that every kind of plan shares, their defaults and their checks. */
import { type Distribution, erk, type Schedule, SparseError } from '@freetickets/sparse-core';
import type { Rewiring } from '../rewiring.ts';
import type { Phase, Plan } from './plan.ts';

export interface PlanOptions {
  /** First learning rate; later ones are a tenth and a hundredth of it. Default 0.1. */
  readonly learningRate?: number;
  /** Default 128. */
  readonly batchSize?: number;
  /** Default 0.9. */
  readonly momentum?: number;
  /** Default 5e-4. */
  readonly weightDecay?: number;
  /** Default `best-validation`. */
  readonly ticket?: 'last' | 'best-validation';
}

export interface SparsePlanOptions extends PlanOptions {
  /** Share of the weights that is dead, in [0, 1). */
  readonly sparsity: number;
  /** How the live weights spread over the layers. Default `erk()`. */
  readonly distribution?: Distribution;
}

export interface DynamicPlanOptions extends SparsePlanOptions {
  /** Laid over the method's own rewiring: `{ grow: random() }` for SET, `{ every: 100 }` for small data. */
  readonly rewiring?: Partial<Rewiring>;
}

/** The fields of a plan that come from shared options alone, checked. */
export function planFields(method: string, options: SparsePlanOptions): Omit<Plan, 'denseEpochs' | 'phases'> {
  const { sparsity, distribution = erk(), batchSize = 128, momentum = 0.9, weightDecay = 5e-4 } = options;
  check(sparsity >= 0 && sparsity < 1, `${method}: sparsity`, 'a number from 0 to below 1', sparsity, 'It is the share of dead weights');
  checkWhole(batchSize, `${method}: batchSize`);
  check(momentum >= 0 && momentum < 1, `${method}: momentum`, 'a number from 0 to below 1', momentum);
  check(weightDecay >= 0 && weightDecay < Number.POSITIVE_INFINITY, `${method}: weightDecay`, 'a finite number of at least 0', weightDecay);
  return { method, sparsity, distribution, batchSize, optimizer: { kind: 'sgd', momentum, weightDecay } };
}

/** The first learning rate, checked. */
export function firstRate(method: string, { learningRate = 0.1 }: PlanOptions): number {
  check(learningRate > 0 && learningRate < Number.POSITIVE_INFINITY, `${method}: learningRate`, 'a finite number above 0', learningRate);
  return learningRate;
}

export function checkWhole(value: number, at: string): void {
  check(Number.isSafeInteger(value) && value >= 1, at, 'a whole number of at least 1', value);
}

export function check(fine: boolean, at: string, expected: string, received: unknown, hint?: string): void {
  if (!fine) throw new SparseError('INVALID_ARGUMENT', at, expected, received, hint);
}

/** Checks what cannot be seen in one option alone; plans built by hand pass here too, before their first step. */
export function checkPlan(plan: Plan): void {
  check(plan.sparsity >= 0 && plan.sparsity < 1, 'plan.sparsity', 'a number from 0 to below 1', plan.sparsity);
  checkWhole(plan.batchSize, 'plan.batchSize');
  check(plan.phases.length > 0, 'plan.phases', 'at least one phase', plan.phases);
  for (const [i, phase] of plan.phases.entries()) checkPhase(phase, `plan.phases[${i}]`);
}

function checkPhase({ epochs, escape: share, learningRate, rewiring }: Phase, at: string): void {
  checkWhole(epochs, `${at}.epochs`);
  checkValues(learningRate, `${at}.learningRate`, 'finite numbers of at least 0', (rate) => rate >= 0 && Number.isFinite(rate));
  if (rewiring !== 'frozen') {
    checkWhole(rewiring.every, `${at}.rewiring.every`);
    checkValues(rewiring.fraction, `${at}.rewiring.fraction`, 'shares from 0 to 1', (part) => part >= 0 && part <= 1);
  }
  if (share === undefined) return;
  check(share > 0 && share <= 1, `${at}.escape`, 'a share above 0 and at most 1', share);
  check(rewiring !== 'frozen', `${at}.escape`, 'none where rewiring is frozen', share, 'An escape uses the rules of its phase');
}

/** A schedule stays between the numbers it is made of. */
function checkValues(schedule: Schedule, at: string, expected: string, fits: (value: number) => boolean): void {
  const values = typeof schedule === 'number' ? [schedule] : valuesOf(schedule);
  check(values.every(fits), at, expected, schedule);
}

function valuesOf(schedule: Exclude<Schedule, number>): readonly number[] {
  if (schedule.kind === 'steps') return [schedule.start, ...schedule.changes.map(([, value]) => value)];
  return schedule.kind === 'exponential' ? [schedule.from] : [schedule.from, schedule.to];
}
