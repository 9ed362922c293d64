import { drawScores } from './layer.ts';
import type { GrowRule } from './rule.ts';

/**
 * Dead weights come alive at random, each with the same chance, without replacement: exactly as many as were dropped.
 * @source SET, arXiv:1707.04780
 */
export const random = (): GrowRule => ({
  kind: 'random',
  needs: [],
  score: drawScores,
});
