import { describe, expect, it } from 'vitest';
import { denseEngine } from '../test/dense-engine.ts';
import { smallNet, smallPlan } from '../test/small-run.ts';
import { rewireSession } from './rewire-session.ts';
import { set } from './rewiring.ts';
import { magnitude } from './rules/magnitude.ts';
import type { LayerView } from './rules/rule.ts';
import { freshState } from './train-state.ts';

/** What random growth does to a fresh model at one moment. */
async function grownAt(moment: { seed: number; step: number }) {
  const { model } = freshState(smallNet, smallPlan(), 5);
  await using session = await denseEngine().open(smallNet, model, { batchSize: 1 });
  return (await rewireSession(session, set(), 0.5, moment)).deltas;
}

describe('rewireSession', () => {
  it('draws anew for every seed and step, and the same again for the same', async () => {
    const first = await grownAt({ seed: 1, step: 3 });
    expect(await grownAt({ seed: 1, step: 3 })).toEqual(first);
    expect(await grownAt({ seed: 1, step: 6 })).not.toEqual(first);
    expect(await grownAt({ seed: 2, step: 3 })).not.toEqual(first);
  });

  it('gives each layer draws of its own', async () => {
    const { model } = freshState(smallNet, smallPlan(), 5);
    await using session = await denseEngine().open(smallNet, model, { batchSize: 1 });
    const firstDraws: number[] = [];
    const score = (layer: LayerView) => {
      firstDraws.push(layer.random());
      return magnitude().score(layer);
    };
    const listening = set({ drop: { kind: 'listening', needs: [], score } });
    await rewireSession(session, listening, 0.5, { seed: 1, step: 3 });
    expect(new Set(firstDraws).size).toBe(2);
  });

  it('rounds the number that goes up, and changes the session', async () => {
    const { model } = freshState(smallNet, smallPlan(), 5);
    await using session = await denseEngine().open(smallNet, model, { batchSize: 1 });
    const { layers, deltas } = await rewireSession(session, set(), 0.3, { seed: 1, step: 3 });
    expect(layers.map(({ param, size }) => [param, size])).toEqual([
      ['fc1.weight', 48],
      ['fc2.weight', 64],
    ]);
    for (const { live, dropped } of layers) expect(dropped).toBe(Math.ceil(0.3 * live));
    const { topology } = await session.snapshot();
    for (const { param, dropped, grown } of deltas) {
      const live = new Set(topology.get(param)!.live);
      expect([...grown].every((position) => live.has(position))).toBe(true);
      expect([...dropped].some((position) => live.has(position))).toBe(false);
    }
  });
});
