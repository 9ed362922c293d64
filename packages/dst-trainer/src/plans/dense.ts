import type { Plan } from './plan.ts';
import type { PlanOptions } from './plan-options.ts';
import { type SingleRunOptions, singleRuns } from './single-run.ts';

/**
 * Independent runs of the dense network, one ticket each; learning rate as in `dst`.
 * @throws SparseError INVALID_ARGUMENT naming the option
 */
export const dense = (options: PlanOptions & SingleRunOptions): readonly Plan[] =>
  singleRuns('dense', { ...options, sparsity: 0, ratios: undefined, structure: undefined, profile: undefined }, 'frozen');
