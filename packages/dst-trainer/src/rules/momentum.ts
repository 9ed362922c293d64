import { signalOf } from './layer.ts';
import type { GrowRule } from './rule.ts';

/**
 * The dead weights with the largest averaged gradient (by absolute value) come alive. Ties: lower position first.
 * @source sparse momentum (SNFS), arXiv:1907.04840, which reads the optimiser's dense buffer; see `RuleSignal` for what stands in for it
 */
export const momentum = (): GrowRule => ({
  kind: 'momentum',
  needs: ['momentum'],
  score: (layer) => signalOf(layer, 'momentum'),
  byMagnitude: true,
});
