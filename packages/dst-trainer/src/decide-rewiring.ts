/**
 * Which weights of a model go and which come: the rules are asked layer by layer, first what goes, then how many come where, then which.
 * Pure but for the signals, which it reads when it needs them, one layer at a time.
 */
import type { ModelState, Network } from '@freetickets/sparse-core';
import { apportion } from './apportion.ts';
import { dropCounts } from './drop-counts.ts';
import type { LayerChange } from './layer-change.ts';
import { viewOf, withSignals } from './layer-view.ts';
import type { Profile } from './profile.ts';
import { comingOf, deltaOf, leavingOf } from './rewire-layer.ts';
import type { ReadSignals, RewireOrder } from './rewire-order.ts';
import { sizeOf } from './rules/layer.ts';
import { randomByCoin } from './rules/random-by-coin.ts';
import type { LayerView, RedistributionRule } from './rules/rule.ts';
import { without } from './sorted-lists.ts';
import { type LeavingAndComing, structuredGrowth } from './structured-growth.ts';

/** @returns one change per sparse layer, and per dense one if the profile wants it */
export async function decideRewiring(
  net: Network,
  state: ModelState,
  order: RewireOrder,
  read: ReadSignals,
): Promise<readonly LayerChange[]> {
  const { rewiring, fraction, profile } = order;
  const views = [...state.topology.keys()].map((param) => viewOf(net, state, param, order.moment));
  const counts = await dropCounts(views, order, read);
  const leaving: Uint32Array[] = [];
  for (const [i, view] of views.entries())
    leaving.push(leavingOf(await withSignals(view, rewiring.drop.needs, read), counts[i]!, rewiring.drop, profile.ties));
  const coming = comingCounts(views, leaving, rewiring.redistribute);
  const changes: LayerChange[] = [];
  for (const [i, view] of views.entries()) {
    const seen = await withSignals(view, rewiring.grow.needs, read);
    changes.push(changeOf(view, chosen(net, seen, leaving[i]!, coming[i]!, order), profile));
  }
  return profile.denseLayers === 'zeroed' ? [...changes, ...(await zeroedDense(net, state, order, fraction, read))] : changes;
}

function chosen(net: Network, view: LayerView, leaving: Uint32Array, count: number, order: RewireOrder): LeavingAndComing {
  const { rewiring, profile, structure } = order;
  if (structure) {
    const isOutput = net.params.get(view.param)!.node === net.spec.output;
    return structuredGrowth(view, leaving, rewiring.grow, structure, !isOutput, order.budgets?.get(view.param));
  }
  const grow = profile.randomGrowth === 'coin' && rewiring.grow.kind === 'random' ? randomByCoin() : rewiring.grow;
  return { leaving, coming: comingOf(view, leaving, count, grow) };
}

/** How many come in each layer: as many as went or, redistributed, a part of all that went; nobody is left without a weight. */
function comingCounts(views: readonly LayerView[], leaving: readonly Uint32Array[], rule: RedistributionRule | undefined): number[] {
  const went = leaving.map(({ length }) => length);
  if (!rule) return went;
  const total = went.reduce((a, b) => a + b, 0);
  const emptied = views.map(({ live }, i) => Number(live.length > 0 && live.length === went[i]));
  const room = views.map(({ shape, live }, i) => sizeOf(shape) - live.length + went[i]! - emptied[i]!);
  const reserved = emptied.reduce((a, b) => a + b, 0);
  const parts = apportion(
    total - reserved,
    views.map((view) => rule.statistic(view)),
    room,
  );
  return parts.map((part, i) => part + emptied[i]!);
}

function changeOf({ param, live, shape }: LayerView, { leaving, coming }: LeavingAndComing, profile: Profile): LayerChange {
  const delta = deltaOf(param, leaving, coming);
  const liveAfter = live.length - delta.dropped.length + delta.grown.length;
  return {
    delta,
    zeroed: profile.regrown === 'zeroed' ? without(leaving, delta.dropped) : new Uint32Array(0),
    layer: { param, live: live.length, liveAfter, size: sizeOf(shape), dropped: leaving.length, changed: delta.dropped.length },
  };
}

/** Dense layers of the published code: what is dropped grows again at once, and has lost its value. */
async function zeroedDense(
  net: Network,
  state: ModelState,
  { rewiring: { drop }, moment, profile }: RewireOrder,
  fraction: number,
  read: ReadSignals,
): Promise<LayerChange[]> {
  const changes: LayerChange[] = [];
  for (const [param, { sparsifiable, size }] of net.params) {
    if (!sparsifiable || state.topology.has(param)) continue;
    const view = await withSignals(viewOf(net, state, param, moment), drop.needs, read);
    const leaving = leavingOf(view, Math.ceil(fraction * size), drop, profile.ties);
    changes.push(changeOf(view, { leaving, coming: leaving }, profile));
  }
  return changes;
}
