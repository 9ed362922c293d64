/** One rewiring of a whole model: read values and signals from the session, let the rules decide layer by layer, tell the session. */
import { rng, type Session, type Signal, type TopologyDelta } from '@freetickets/sparse-core';
import type { RewiredLayer } from './events.ts';
import { rewireLayer } from './rewire-layer.ts';
import type { Rewiring } from './rewiring.ts';
import type { LayerView } from './rules/rule.ts';

/** Signals that the rules of a rewiring read. */
export const needsOf = ({ drop, grow }: Rewiring): readonly Signal[] => [...new Set([...drop.needs, ...grow.needs])];

/**
 * Drops `ceil(fraction * live)` weights of every sparse layer and grows as many. Dense weights are not touched.
 * @param moment where the random draws of the rules come from: a stream per (seed, parameter, step)
 */
export async function rewireSession(
  session: Session,
  rewiring: Rewiring,
  fraction: number,
  moment: { readonly seed: number; readonly step: number },
): Promise<{ deltas: readonly TopologyDelta[]; layers: readonly RewiredLayer[] }> {
  const { topology, values } = await session.snapshot();
  const needs = needsOf(rewiring);
  const deltas: TopologyDelta[] = [];
  const layers: RewiredLayer[] = [];
  for (const [param, { shape, live }] of topology) {
    const signals: { [S in Signal]?: Float32Array } = {};
    for (const which of needs) signals[which] = await session.signal(param, which);
    const draws = rng(moment.seed).stream('grow', param, moment.step);
    const view: LayerView = { param, shape, live, values: values.get(param)!, signals, random: () => draws.uniform() };
    const dropped = Math.ceil(fraction * live.length);
    const delta = rewireLayer(view, dropped, rewiring.drop, rewiring.grow);
    deltas.push(delta);
    layers.push({ param, live: live.length, size: shape.reduce((a, b) => a * b, 1), dropped, changed: delta.dropped.length });
  }
  await session.rewire(deltas);
  return { deltas, layers };
}
