import { meanMagnitude } from '../rules/layer.ts';
import type { RedistributionRule } from '../rules/rule.ts';

/** In proportion to the mean absolute value of the live weights. */
export const byMagnitude = (): RedistributionRule => ({ kind: 'magnitude', statistic: ({ values }) => meanMagnitude(values) });
