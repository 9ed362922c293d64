import { meanMagnitude } from '../rules/layer.ts';
import type { RedistributionRule } from '../rules/rule.ts';

/** In proportion to the mean absolute momentum of the live weights. @source sparse momentum (SNFS), arXiv:1907.04840 */
export const byMomentum = (): RedistributionRule => ({
  kind: 'momentum',
  statistic: ({ momentum }) => meanMagnitude(momentum ?? new Float32Array()),
});
