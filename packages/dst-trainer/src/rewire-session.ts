/** One change of a whole model's topology: read values and signals from the session, let the rules decide, tell the session or open it anew. */
import type { Network } from '@freetickets/sparse-core';
import { decidePruning, type PruneOrder } from './decide-pruning.ts';
import { decideRewiring } from './decide-rewiring.ts';
import { changedState, isRewiring, type LayerChange } from './layer-change.ts';
import type { ReopenableSession } from './reopenable-session.ts';
import type { ReadSignals, RewireOrder } from './rewire-order.ts';

/** Drops a share of the live weights of every sparse layer and grows what the rules say. */
export async function rewireSession(
  session: ReopenableSession,
  net: Network,
  order: RewireOrder,
  read: ReadSignals,
): Promise<readonly LayerChange[]> {
  const state = await session.now.snapshot();
  const changes = await decideRewiring(net, state, order, read);
  if (isRewiring(changes)) await session.now.rewire(changes.map(({ delta }) => delta));
  else await session.reopen(changedState(net, state, changes));
  return changes;
}

/** Takes weights until the sparsity of the order is reached. */
export async function pruneSession(
  session: ReopenableSession,
  net: Network,
  order: PruneOrder,
  read: ReadSignals,
): Promise<readonly LayerChange[]> {
  const state = await session.now.snapshot();
  const changes = await decidePruning(net, state, order, read);
  if (changes.length > 0) await session.reopen(changedState(net, state, changes));
  return changes;
}
