import { rigl } from '../rewiring.ts';
import type { Plan } from './plan.ts';
import { type DynamicPlanOptions, dropShare } from './plan-options.ts';
import { type SingleRunOptions, singleRuns } from './single-run.ts';

/**
 * Independent runs of dynamic sparse training, one ticket each. The drop share falls by a cosine from 0.5 to 0.005 over the run; the learning
 * rate falls to a tenth after half of it and to a hundredth after three quarters.
 * @throws SparseError INVALID_ARGUMENT naming the option
 * @source arXiv:2106.14568, DST ensemble; its CIFAR setting is 250 epochs. Its code announces the cosine but keeps 0.5, and so does
 *         the profile `ref`
 */
export function dst(options: DynamicPlanOptions & SingleRunOptions): readonly Plan[] {
  const own = options.profile?.name.startsWith('ref') ? 'constant' : 'cosine';
  return singleRuns('dst', options, rigl({ ...options.rewiring, fraction: dropShare('dst', options, own, options.epochs) }));
}
