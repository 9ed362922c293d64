import { signalOf } from './layer.ts';
import type { GrowRule } from './rule.ts';

/**
 * The dead weights with the largest loss gradient (by absolute value) come alive. Ties: lower position first.
 * @source RigL, arXiv:1911.11134
 */
export const gradient = (): GrowRule => ({
  kind: 'gradient',
  needs: ['gradient'],
  score: (layer) => signalOf(layer, 'gradient'),
  byMagnitude: true,
});
