import type { RedistributionRule } from '../rules/rule.ts';

/** In proportion to the number of live weights. */
export const byNonzeros = (): RedistributionRule => ({ kind: 'nonzeros', statistic: ({ live }) => live.length });
