/** The options that every kind of plan shares, their defaults and their checks. */
import { type Distribution, erk, type Schedule } from '@freetickets/sparse-core';
import { DEATH_RATES, type DeathRate } from '../death-rate.ts';
import type { Profile } from '../profile.ts';
import type { Rewiring } from '../rewiring.ts';
import { type Structure, structuredCounts } from '../structure.ts';
import { check, checkWhole } from './checks.ts';
import type { Plan, Ratios } from './plan.ts';

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
  /** Measures the live counts instead, before the first step. */
  readonly ratios?: Ratios | undefined;
  /** A pattern that the topology keeps throughout. Default: none. */
  readonly structure?: Structure | undefined;
  /** Default `CLEAN`. */
  readonly profile?: Profile | undefined;
}

export interface DynamicPlanOptions extends SparsePlanOptions {
  /** Laid over the method's own rewiring: `{ grow: random() }` for SET, `{ every: 100 }` for small data. */
  readonly rewiring?: Partial<Rewiring>;
  /** How the drop share falls from `rewiring.fraction` (a number then; default 0.5). Default: the method's own. */
  readonly deathRate?: DeathRate | undefined;
}

/** The fields of a plan that come from shared options alone, checked. */
export function planFields(method: string, options: SparsePlanOptions): Omit<Plan, 'denseEpochs' | 'phases'> {
  const { sparsity, distribution = erk(), batchSize = 128, momentum = 0.9, weightDecay = 5e-4, ratios, structure, profile } = options;
  check(sparsity >= 0 && sparsity < 1, `${method}: sparsity`, 'a number from 0 to below 1', sparsity, 'It is the share of dead weights');
  checkWhole(batchSize, `${method}: batchSize`);
  check(momentum >= 0 && momentum < 1, `${method}: momentum`, 'a number from 0 to below 1', momentum);
  check(weightDecay >= 0 && weightDecay < Number.POSITIVE_INFINITY, `${method}: weightDecay`, 'a finite number of at least 0', weightDecay);
  return {
    method,
    sparsity,
    distribution: structure ? structuredCounts(distribution, structure) : distribution,
    ...(ratios && { ratios }),
    ...(structure && { structure }),
    ...(profile && { profile }),
    batchSize,
    optimizer: { kind: 'sgd', momentum, weightDecay },
  };
}

/** The first learning rate, checked. */
export function firstRate(method: string, { learningRate = 0.1 }: PlanOptions): number {
  check(learningRate > 0 && learningRate < Number.POSITIVE_INFINITY, `${method}: learningRate`, 'a finite number above 0', learningRate);
  return learningRate;
}

/**
 * The drop share over a stretch of epochs: what the options say, else the method's own.
 * @param begin how many epochs of the stretch are over when the phase begins
 */
export function dropShare(method: string, options: DynamicPlanOptions, own: DeathRate, epochs: number, begin = 0): Schedule {
  const given = options.rewiring?.fraction;
  if (given !== undefined && options.deathRate === undefined) return given;
  const hint = 'The death rate is made from it';
  check(typeof given !== 'object', `${method}: rewiring.fraction`, 'a number beside deathRate', given, hint);
  const from = typeof given === 'number' ? given : 0.5;
  const stretch = { from, over: epochs - begin, ...(begin > 0 && { begin: -begin }) };
  return DEATH_RATES[options.deathRate ?? own](stretch);
}
