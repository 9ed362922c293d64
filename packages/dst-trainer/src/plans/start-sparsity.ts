import { valueAt } from '@freetickets/sparse-core';
import type { Plan } from './plan.ts';

/** Share of the weights that is dead before the first step: 0 where the plan has yet to prune. */
export function startSparsity({ phases, sparsity }: Plan): number {
  const rising = phases[0]?.pruning;
  if (rising) return valueAt(rising.sparsity, 0);
  return phases.some(({ opening }) => opening?.prune) ? 0 : sparsity;
}
