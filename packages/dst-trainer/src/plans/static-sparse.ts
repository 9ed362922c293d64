import type { Plan } from './plan.ts';
import type { SparsePlanOptions } from './plan-options.ts';
import { type SingleRunOptions, singleRuns } from './single-run.ts';

/**
 * Independent runs whose topology is drawn once and never changes, one ticket each; learning rate as in `dst`.
 * @throws SparseError INVALID_ARGUMENT naming the option
 */
export const staticSparse = (options: SparsePlanOptions & SingleRunOptions): readonly Plan[] => singleRuns('static', options, 'frozen');
