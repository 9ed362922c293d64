import { globalMagnitude } from '../rules/global-magnitude.ts';
import type { DropRule } from '../rules/rule.ts';
import { check } from './checks.ts';
import type { Phase, Plan } from './plan.ts';
import { firstRate, type SparsePlanOptions } from './plan-options.ts';
import { runsFromDense, type SingleRunOptions } from './single-run.ts';

/** Methods that prune a trained dense network at once. */
export interface PrunedPlanOptions extends SparsePlanOptions, SingleRunOptions {
  /** Which weights go; a rule that reads values only. Default: the smallest of the whole network. */
  readonly drop?: DropRule | undefined;
}

export interface PfOptions extends PrunedPlanOptions {
  /** Default: `epochs`. */
  readonly fineTuneEpochs?: number | undefined;
  /** Learning rate of the fine-tuning. Default: a hundredth of the first one. */
  readonly fineTuneRate?: number | undefined;
}

/**
 * Prune and fine-tune: independent runs that train the dense network to its end, prune it once, and train what is left at a small constant
 * learning rate with a fresh optimizer; one ticket each, from the fine-tuning.
 * @throws SparseError INVALID_ARGUMENT naming the option
 * @source arXiv:2106.14568; there 250 epochs, then 250 at a learning rate of 0.001
 */
export function pf(options: PfOptions): readonly Plan[] {
  const { epochs, fineTuneEpochs = epochs, sparsity, drop = globalMagnitude(), ticket = 'best-validation' } = options;
  const { fineTuneRate = firstRate('pf', options) / 100 } = options;
  check(Number.isSafeInteger(fineTuneEpochs) && fineTuneEpochs >= 1, 'pf: fineTuneEpochs', 'a whole number of at least 1', fineTuneEpochs);
  check(fineTuneRate > 0 && Number.isFinite(fineTuneRate), 'pf: fineTuneRate', 'a finite number above 0', fineTuneRate);
  const tune: Phase = {
    name: 'fine-tune',
    epochs: fineTuneEpochs,
    learningRate: fineTuneRate,
    rewiring: 'frozen',
    opening: { prune: { drop, sparsity } },
    ticket,
  };
  return runsFromDense('pf', options, () => [tune]);
}

/**
 * One-shot pruning: independent runs that train the dense network to its end and prune it; the ticket is what is left, untrained.
 * @throws SparseError INVALID_ARGUMENT naming the option
 */
export function oneShot(options: PrunedPlanOptions): readonly Plan[] {
  const { sparsity, drop = globalMagnitude() } = options;
  const opening = { prune: { drop, sparsity } };
  return runsFromDense('one-shot', options, () => [
    { name: 'prune', epochs: 0, learningRate: 0, rewiring: 'frozen', opening, ticket: 'last' },
  ]);
}
