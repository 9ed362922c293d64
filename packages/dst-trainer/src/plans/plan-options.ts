/** The options that every kind of plan shares, their defaults and their checks. */
import { type Distribution, erk, type Schedule, SparseError } from '@freetickets/sparse-core';
import { DEATH_RATES, type DeathRate } from '../death-rate.ts';
import type { Guard } from '../guard.ts';
import type { Profile } from '../profile.ts';
import type { Rewiring } from '../rewiring.ts';
import { type Structure, structuredCounts } from '../structure.ts';
import { check, checkWhole } from './checks.ts';
import { FIRST_RATE, lossOf, type OptimizerOptions, optimizerOf } from './optimizer-options.ts';
import type { Averaging, Plan, Ratios } from './plan.ts';
import { shifted } from './shifted.ts';

export interface PlanOptions extends OptimizerOptions {
  /**
   * First learning rate; later ones are a tenth and a hundredth of it. Or a schedule over the epochs of the run, in place of the method's own.
   * Default 0.1; of adamw 0.001.
   */
  readonly learningRate?: Schedule | undefined;
  /** Epochs over which the learning rate rises from 0. Default 0. */
  readonly warmupEpochs?: number | undefined;
  /** Tickets are averages over their phase. Default: none. */
  readonly averaging?: Averaging | undefined;
  /** Epochs without a better validation accuracy after which a ticket's phase ends. Default: none ends early. */
  readonly patience?: number | undefined;
  /** What is done about a loss or gradient that is no finite number, and about dead layers. Default: the run stops. */
  readonly guard?: Guard | undefined;
  /** Default 128. */
  readonly batchSize?: number;
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
  const { sparsity, distribution = erk(), batchSize = 128, ratios, structure, profile } = options;
  const { warmupEpochs, averaging, patience, guard } = options;
  check(sparsity >= 0 && sparsity < 1, `${method}: sparsity`, 'a number from 0 to below 1', sparsity, 'It is the share of dead weights');
  checkWhole(batchSize, `${method}: batchSize`);
  const loss = lossOf(method, options);
  return {
    method,
    sparsity,
    distribution: structure ? structuredCounts(distribution, structure) : distribution,
    ...(ratios && { ratios }),
    ...(structure && { structure }),
    ...(profile && { profile }),
    batchSize,
    optimizer: optimizerOf(method, options),
    ...(loss && { loss }),
    ...(warmupEpochs !== undefined && { warmupEpochs }),
    ...(averaging && { averaging }),
    ...(patience !== undefined && { patience }),
    ...(guard && { guard }),
  };
}

/**
 * The learning rate of a phase that begins `begin` epochs into the run: `own`, the method's schedule by its first rate, unless the options have a
 * schedule for the whole run.
 */
export function phaseRate(method: string, options: PlanOptions, begin: number, own: (first: number) => Schedule): Schedule {
  const given = options.learningRate;
  return typeof given === 'object' ? shifted(given, begin) : own(firstRate(method, options));
}

/** The options without what a dense network has no use for. */
export const asDense = <Options extends PlanOptions>(options: Options) => ({
  ...options,
  sparsity: 0,
  ratios: undefined,
  structure: undefined,
  profile: undefined,
});

/** The first learning rate, checked. */
export function firstRate(method: string, { optimizer = 'sgd', learningRate = FIRST_RATE[optimizer] }: PlanOptions): number {
  if (typeof learningRate === 'object') {
    const hint = 'The method has a schedule of its own, made from it';
    throw new SparseError('INVALID_ARGUMENT', `${method}: learningRate`, 'a number', learningRate, hint);
  }
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
