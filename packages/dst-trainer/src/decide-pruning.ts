/** Which weights a pruning takes from a model, step by step or at once. */
import { type Distribution, type ModelState, type Network, valueAt } from '@freetickets/sparse-core';
import { countsOverNetwork } from './drop-counts.ts';
import type { LayerChange } from './layer-change.ts';
import { viewOf, withSignals } from './layer-view.ts';
import { leavingOf } from './rewire-layer.ts';
import type { Moment, ReadSignals } from './rewire-order.ts';
import type { Pruning } from './rewiring.ts';
import { sizeOf } from './rules/layer.ts';
import type { DropRule, LayerView } from './rules/rule.ts';

export interface PruneOrder {
  readonly drop: DropRule;
  /** The sparsity that it is to reach, of all weights that may be sparse. */
  readonly sparsity: number;
  readonly distribution: Distribution;
  readonly moment: Moment;
}

/** The sparsity that a pruning has reached `epochs` after its phase began. */
export const prunedTo = ({ sparsity }: Pruning, epochs: number): number => valueAt(sparsity, epochs);

/** @returns one change per layer that loses a weight; layers that are below their count already stay as they are */
export async function decidePruning(
  net: Network,
  state: ModelState,
  order: PruneOrder,
  read: ReadSignals,
): Promise<readonly LayerChange[]> {
  const { drop } = order;
  const params = [...net.params].flatMap(([param, { sparsifiable }]) => (sparsifiable ? [param] : []));
  const views = params.map((param) => viewOf(net, state, param, order.moment));
  const counts = await pruneCounts(net, views, order, read);
  const changes: LayerChange[] = [];
  for (const [i, view] of views.entries()) {
    if (counts[i] === 0) continue;
    const { param, live, shape } = view;
    const dropped = leavingOf(await withSignals(view, drop.needs, read), counts[i]!, drop);
    const none = new Uint32Array(0);
    const [before, went] = [live.length, dropped.length];
    const layer = { param, live: before, liveAfter: before - went, size: sizeOf(shape), dropped: went, changed: went };
    changes.push({ delta: { param, dropped, grown: none }, zeroed: none, layer });
  }
  return changes;
}

async function pruneCounts(net: Network, views: readonly LayerView[], order: PruneOrder, read: ReadSignals): Promise<readonly number[]> {
  const { drop, sparsity, distribution } = order;
  if (drop.over !== 'network') {
    const targets = distribution(net, sparsity);
    return views.map(({ param, live }) => Math.max(0, live.length - targets.get(param)!));
  }
  const size = views.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const live = views.reduce((sum, view) => sum + view.live.length, 0);
  return countsOverNetwork(views, drop, Math.max(0, live - Math.round((1 - sparsity) * size)), read);
}
