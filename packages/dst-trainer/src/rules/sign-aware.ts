import type { DropRule } from './rule.ts';

/**
 * Half of those that go are the positive weights closest to 0, half the negative ones closest to 0; where one sign has too few, the other
 * makes up for it. Weights that are 0 go first. Ties: lower position first.
 *
 * The score is a weight's rank among those of its sign, so taking the lowest takes from both signs in turn.
 * @source SET, arXiv:1707.04780
 */
export const signAware = (): DropRule => ({
  kind: 'sign-aware',
  needs: [],
  score: ({ values }) => {
    const scores = new Float32Array(values.length);
    const order = values.map((_, i) => i);
    for (const sign of [1, -1]) {
      const own = order.filter((i) => values[i]! * sign > 0).sort((a, b) => Math.abs(values[a]!) - Math.abs(values[b]!) || a - b);
      for (const [rank, i] of own.entries()) scores[i] = 1 + rank;
    }
    return scores;
  },
});
