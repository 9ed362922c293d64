/** How many weights of each layer a rewiring drops. */
import { withSignals } from './layer-view.ts';
import { dropScoresOf, lowest } from './rewire-layer.ts';
import type { ReadSignals, RewireOrder } from './rewire-order.ts';
import { sizeOf } from './rules/layer.ts';
import type { DropRule, LayerView } from './rules/rule.ts';

export async function dropCounts(views: readonly LayerView[], order: RewireOrder, read: ReadSignals): Promise<readonly number[]> {
  const { rewiring, cause, fraction, profile } = order;
  const { drop, redistribute } = rewiring;
  if (drop.over === 'network') {
    const total = Math.ceil(fraction * views.reduce((sum, { live }) => sum + live.length, 0));
    return countsOverNetwork(views, drop, total, read, profile.ties);
  }
  if (drop.count && cause !== 'escape')
    return Promise.all(views.map(async (view) => drop.count!(await withSignals(view, drop.needs, read))));
  const fractions = redistribute ? spared(views, redistribute.statistic, fraction) : views.map(() => fraction);
  return views.map(({ live }, i) => Math.ceil(fractions[i]! * live.length));
}

/** Layers' parts of the `total` lowest scores of all. */
export async function countsOverNetwork(
  views: readonly LayerView[],
  drop: DropRule,
  total: number,
  read: ReadSignals,
  ties: 'exact' | 'all' = 'exact',
): Promise<readonly number[]> {
  const scores = new Float32Array(views.reduce((sum, { live }) => sum + live.length, 0));
  const ends: number[] = [];
  let end = 0;
  for (const view of views) {
    scores.set(dropScoresOf(await withSignals(view, drop.needs, read), drop), end);
    end += view.live.length;
    ends.push(end);
  }
  const counts = views.map(() => 0);
  let layer = 0;
  for (const ordinal of lowest(scores, total, ties, drop.byMagnitude)) {
    while (ordinal >= ends[layer]!) layer++;
    counts[layer]!++;
  }
  return counts;
}

/**
 * Under redistribution a nearly dense layer that gets more than its share anyway drops at most its sparsity, for it could not take it back.
 * @source TimDettmers/sparse_learning: layers of sparsity below 20 %
 */
function spared(views: readonly LayerView[], statistic: (layer: LayerView) => number, fraction: number): number[] {
  const statistics = views.map(statistic);
  const mean = statistics.reduce((a, b) => a + b, 0) / views.length;
  return views.map(({ shape, live }, i) => {
    const sparsity = 1 - live.length / sizeOf(shape);
    return sparsity < 0.2 && statistics[i]! > mean ? Math.min(sparsity, fraction) : fraction;
  });
}
