import { type ParamName, SparseError } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { denseEngine } from '../test/dense-engine.ts';
import { smallNet, smallPlan } from '../test/small-run.ts';
import { CLEAN } from './profile.ts';
import { ReopenableSession } from './reopenable-session.ts';
import type { Moment, RewireOrder } from './rewire-order.ts';
import { rewireSession } from './rewire-session.ts';
import { type Rewiring, set } from './rewiring.ts';
import { magnitude } from './rules/magnitude.ts';
import type { LayerView } from './rules/rule.ts';
import { freshState } from './train-state.ts';

const open = () => ReopenableSession.open(denseEngine(), smallNet, freshState(smallNet, smallPlan(), 5).model, { batchSize: 1 });

const orderOf = (rewiring: Rewiring, fraction: number, moment: Moment): RewireOrder => ({
  rewiring,
  fraction,
  moment,
  cause: 'interval',
  profile: CLEAN,
});

const noSignals = async (param: ParamName) => {
  throw new SparseError('INVALID_ARGUMENT', param, 'a rule that reads no signal', 'one');
};

/** What random growth does to a fresh model at one moment. */
async function grownAt(moment: Moment) {
  await using session = await open();
  return (await rewireSession(session, smallNet, orderOf(set(), 0.5, moment), noSignals)).map(({ delta }) => delta);
}

describe('rewireSession', () => {
  it('draws anew for every seed and step, and the same again for the same', async () => {
    const first = await grownAt({ seed: 1, step: 3 });
    expect(await grownAt({ seed: 1, step: 3 })).toEqual(first);
    expect(await grownAt({ seed: 1, step: 6 })).not.toEqual(first);
    expect(await grownAt({ seed: 2, step: 3 })).not.toEqual(first);
    expect(await grownAt({ seed: 1, step: 3, stream: 'escape' })).not.toEqual(first);
  });

  it('gives each layer draws of its own', async () => {
    await using session = await open();
    const firstDraws: number[] = [];
    const score = (layer: LayerView) => {
      firstDraws.push(layer.random());
      return magnitude().score(layer);
    };
    const listening = set({ drop: { kind: 'listening', needs: [], score } });
    await rewireSession(session, smallNet, orderOf(listening, 0.5, { seed: 1, step: 3 }), noSignals);
    expect(new Set(firstDraws).size).toBe(2);
  });

  it('rounds the number that goes up, and changes the session', async () => {
    await using session = await open();
    const changes = await rewireSession(session, smallNet, orderOf(set(), 0.3, { seed: 1, step: 3 }), noSignals);
    expect(changes.map(({ layer: { param, size } }) => [param, size])).toEqual([
      ['fc1.weight', 48],
      ['fc2.weight', 64],
    ]);
    for (const { layer } of changes) expect(layer.dropped).toBe(Math.ceil(0.3 * layer.live));
    const { topology } = await session.now.snapshot();
    for (const { delta } of changes) {
      const live = new Set(topology.get(delta.param)!.live);
      expect([...delta.grown].every((position) => live.has(position))).toBe(true);
      expect([...delta.dropped].some((position) => live.has(position))).toBe(false);
    }
  });
});
