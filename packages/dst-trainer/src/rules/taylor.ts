import { signalOf } from './layer.ts';
import type { DropRule } from './rule.ts';

/**
 * The live weights with the lowest (weight * gradient) squared go: those that the loss would miss least, to first order. Ties: lower position
 * first. Compared as |weight * gradient|, which has the same order and does not run out of float32's range.
 * @source Taylor-FO, arXiv:1906.10771
 */
export const taylor = (): DropRule => ({
  kind: 'taylor',
  needs: ['gradient'],
  score: (layer) => {
    const slope = signalOf(layer, 'gradient');
    return layer.values.map((weight, i) => Math.abs(weight * slope[layer.live[i]!]!));
  },
});
