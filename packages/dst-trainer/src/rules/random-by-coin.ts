import { drawScores } from './layer.ts';
import type { GrowRule } from './rule.ts';

/**
 * Every dead weight comes alive by a coin of its own, with chance wanted / dead: the count is right on average only, and the live count walks
 * at random. What the published code of FreeTickets does; `random` is the exact rule.
 *
 * The coins are first counted and then as many positions drawn without replacement, which has the same distribution.
 */
export const randomByCoin = (): GrowRule => ({
  kind: 'random by coin',
  needs: [],
  count: (layer, { candidates, count }) => {
    let heads = 0;
    for (let i = 0; i < candidates.length; i++) if (layer.random() < count / candidates.length) heads++;
    return heads;
  },
  score: drawScores,
});
