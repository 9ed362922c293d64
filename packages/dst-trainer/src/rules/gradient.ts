import { SparseError } from '@freetickets/sparse-core';
import type { GrowRule } from './rule.ts';

/**
 * The dead weights with the largest loss gradient (by absolute value) come alive. Ties: lower position first.
 * @source RigL, arXiv:1911.11134
 */
export const gradient = (): GrowRule => ({
  kind: 'gradient',
  needs: ['gradient'],
  score: ({ param, signals }) => {
    if (!signals.gradient)
      throw new SparseError('INVALID_ARGUMENT', `${param}: signals.gradient`, 'the dense gradient of the layer', undefined);
    return signals.gradient.map(Math.abs);
  },
});
