import { drawScores, signalOf } from './layer.ts';
import type { GrowRule } from './rule.ts';

/**
 * Dead weights that have never lived come first, at random; only when there are too few of them, others come at random too.
 * @source In-Time Over-Parameterization, arXiv:2102.02887; where it fills up by coin, here the count is exact
 */
export const randomUnfired = (): GrowRule => ({
  kind: 'random-unfired',
  needs: ['fired'],
  score: (layer) => {
    const fired = signalOf(layer, 'fired');
    const never = (position: number) => (fired[position >>> 3]! & (1 << (position & 7))) === 0;
    return drawScores(layer).map((score, position) => (never(position) ? 1 + score : score));
  },
});
