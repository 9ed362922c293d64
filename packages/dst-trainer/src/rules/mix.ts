import { SparseError } from '@freetickets/sparse-core';
import { largest } from '../select.ts';
import { drawScores, signalOf } from './layer.ts';
import type { GrowRule } from './rule.ts';

export interface MixOptions {
  /** Share of the new weights that comes by gradient, from 0 to 1, rounded down to whole weights. Default 0.5. */
  readonly byGradient?: number;
}

/**
 * Some of the new weights come where the gradient is largest, the others anywhere.
 * @throws SparseError INVALID_ARGUMENT when `byGradient` is no share
 */
export function mix({ byGradient = 0.5 }: MixOptions = {}): GrowRule {
  if (!(byGradient >= 0 && byGradient <= 1))
    throw new SparseError('INVALID_ARGUMENT', 'mix: byGradient', 'a share from 0 to 1', byGradient);
  return {
    kind: 'mix',
    needs: ['gradient'],
    score: (layer, { candidates, count }) => {
      const slope = signalOf(layer, 'gradient');
      const scores = drawScores(layer);
      const slopes = Float32Array.from(candidates, (position) => Math.abs(slope[position]!));
      for (const ordinal of largest(slopes, Math.floor(count * byGradient))) scores[candidates[ordinal]!] = 2; // above every draw
      return scores;
    },
  };
}
