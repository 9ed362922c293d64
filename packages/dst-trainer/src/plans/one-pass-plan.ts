/** Plans of ensembles that are trained in one pass: the run of one network, and how its members share it. */
import type { OptimizerSpec, ParamKind } from '@freetickets/sparse-core';
import { ONE_PASS, type OnePass } from '../one-pass/one-pass.ts';
import { checkPlan } from './check-plan.ts';
import { dense } from './dense.ts';
import { dst } from './dst.ts';
import type { Plan } from './plan.ts';
import type { DynamicPlanOptions } from './plan-options.ts';
import { staticSparse } from './static-sparse.ts';

export const BASES = ['dense', 'static', 'dst'] as const;

export interface OnePassOptions extends DynamicPlanOptions {
  readonly epochs: number;
  /** How the shared network is trained. Default `dense`. */
  readonly base?: (typeof BASES)[number] | undefined;
}

/**
 * One run of `epochs` epochs over the data for all members. The factors of BatchEnsemble learn at half the rate and do not decay; MIMO adds the
 * losses of its heads, TreeNet takes their mean.
 * @throws SparseError INVALID_ARGUMENT naming the option
 * @source arXiv:1506.02142 (mc-dropout), 2002.06715 (batch-ensemble), 2010.06610 (mimo), 1511.06314 (treenet)
 */
export function onePassPlan(onePass: OnePass, { base = 'dense', ...options }: OnePassOptions): Plan {
  const plan = { dense, static: staticSparse, dst }[base]({ ...options, tickets: 1 })[0]!;
  const { kind } = onePass;
  const own: Plan = {
    ...plan,
    method: kind,
    onePass,
    ...(kind === 'batch-ensemble' && { optimizer: withFastFactors(plan.optimizer) }),
    ...(kind === 'mimo' && { loss: { ...plan.loss, heads: 'sum' } }),
  };
  checkPlan(own);
  return own;
}

export interface OnePassDefaults {
  /** Members, of all methods but mc-dropout. */
  readonly tickets: number;
  /** Of mc-dropout: share of the units that is left out. Default 0.1. */
  readonly dropoutRate?: number | undefined;
  /** Of mc-dropout: members, as passes with dropout. Default 30. */
  readonly passes?: number | undefined;
  /** Of mimo: how often an image stands in a batch, for each head. Default 4. */
  readonly batchRepetitions?: number | undefined;
  /** Of mimo: share of the rows in which all heads see the same image. Default 0. */
  readonly inputRepetition?: number | undefined;
  /** Of treenet: stages that each member has for itself; see `treeNet`. Default: two thirds. */
  readonly ownStages?: number | undefined;
}

/** How members share a network by a method's name; undefined for methods whose tickets are networks of their own. */
export function onePassNamed(method: string, options: OnePassDefaults): OnePass | undefined {
  const { tickets: members, dropoutRate, passes, batchRepetitions, inputRepetition, ownStages } = options;
  switch (ONE_PASS.find((kind) => kind === method)) {
    case 'mc-dropout':
      return { kind: 'mc-dropout', rate: dropoutRate ?? 0.1, passes: passes ?? 30 };
    case 'batch-ensemble':
      return { kind: 'batch-ensemble', members };
    case 'mimo':
      return { kind: 'mimo', members, repetitions: batchRepetitions ?? 4, sameInput: inputRepetition ?? 0 };
    case 'treenet':
      return { kind: 'treenet', members, ...(ownStages !== undefined && { own: ownStages }) };
    case undefined:
      return undefined;
  }
}

const TRAINED: readonly ParamKind[] = ['weight', 'bias', 'scale', 'shift', 'memberScale'];

const withFastFactors = (optimizer: OptimizerSpec): OptimizerSpec => ({
  ...optimizer,
  rates: { ...optimizer.rates, memberScale: 0.5 },
  decays: (optimizer.decays ?? TRAINED).filter((kind) => kind !== 'memberScale'),
});
