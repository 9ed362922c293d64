import type { Plan } from './plan.ts';
import { asDense, type PlanOptions } from './plan-options.ts';
import { type SingleRunOptions, singleRuns } from './single-run.ts';

/**
 * Independent runs of the dense network, one ticket each; learning rate as in `dst`. Several of them are what is called a deep ensemble.
 * @throws SparseError INVALID_ARGUMENT naming the option
 * @source deep ensembles: arXiv:1612.01474
 */
export const dense = (options: PlanOptions & SingleRunOptions): readonly Plan[] => singleRuns('dense', asDense(options), 'frozen');
