/** A phase's opening as arithmetic on models: what is pruned, which values come back, and that the optimizer forgets. */
import { type ModelState, type Network, withoutMoments } from '@freetickets/sparse-core';
import { decidePruning, type PruneOrder } from './decide-pruning.ts';
import { changedState, type LayerChange } from './layer-change.ts';
import type { Opening } from './plans/plan.ts';

export async function openingChanges(
  net: Network,
  state: ModelState,
  { prune }: Opening,
  order: Pick<PruneOrder, 'distribution' | 'moment'>,
): Promise<readonly LayerChange[]> {
  return prune ? decidePruning(net, state, { ...prune, ...order }, async () => ({})) : [];
}

/**
 * The model after the changes, without momentum and with no step taken by its optimizer.
 * @param early a dense model; what lives and everything else gets its values
 */
export function openedState(net: Network, state: ModelState, changes: readonly LayerChange[], early?: ModelState): ModelState {
  const changed = { ...changedState(net, withoutMoments(state), changes), step: 0 };
  if (!early) return changed;
  const values = new Map(
    [...early.values].map(([param, dense]) => {
      const live = changed.topology.get(param)?.live;
      return [param, live ? Float32Array.from(live, (position) => dense[position]!) : dense];
    }),
  );
  return { ...changed, values };
}
