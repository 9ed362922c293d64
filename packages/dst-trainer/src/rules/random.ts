import type { GrowRule } from './rule.ts';

/**
 * Dead weights come alive at random, each with the same chance, without replacement: exactly as many as were dropped.
 * @source SET, arXiv:1707.04780
 */
export const random = (): GrowRule => ({
  kind: 'random',
  needs: [],
  score: (layer) => {
    const scores = new Float32Array(layer.shape.reduce((a, b) => a * b, 1));
    for (let position = 0; position < scores.length; position++) scores[position] = layer.random();
    return scores;
  },
});
