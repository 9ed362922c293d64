import type { ModelState, OptimizerSpec } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { denseEngine } from '../test/dense-engine.ts';
import { smallNet, smallPlan, smallRun } from '../test/small-run.ts';
import { changedState, isRewiring, type LayerChange } from './layer-change.ts';
import { ReopenableSession } from './reopenable-session.ts';
import { freshState } from './train-state.ts';

const state: ModelState = {
  spec: smallNet.spec,
  topology: new Map([['fc2.weight', { shape: [8, 8], live: Uint32Array.of(3, 10, 20) }]]),
  values: new Map([
    ['fc1.weight', Float32Array.from({ length: 48 }, (_, i) => i)],
    ['fc2.weight', Float32Array.of(0.3, 1, 2)],
  ]),
  momentum: new Map([
    ['fc1.weight', Float32Array.from({ length: 48 }, (_, i) => -i)],
    ['fc2.weight', Float32Array.of(3, 10, 20)],
  ]),
  secondMoments: new Map([
    ['fc1.weight', Float32Array.from({ length: 48 }, (_, i) => 2 * i)],
    ['fc2.weight', Float32Array.of(9, 100, 400)],
  ]),
  step: 7,
};

function change(param: LayerChange['delta']['param'], dropped: number[], grown: number[], zeroed: number[] = []): LayerChange {
  const delta = { param, dropped: Uint32Array.from(dropped), grown: Uint32Array.from(grown) };
  const layer = { param, live: 0, liveAfter: 0, size: 0, dropped: dropped.length, changed: dropped.length };
  return { delta, zeroed: Uint32Array.from(zeroed), layer };
}

describe('changedState', () => {
  it('carries values and moments to where their weights are; what grows starts at 0', () => {
    const next = changedState(smallNet, state, [change('fc2.weight', [10], [0, 15])]);
    expect([...next.topology.get('fc2.weight')!.live]).toEqual([0, 3, 15, 20]);
    expect([...next.values.get('fc2.weight')!]).toEqual([0, Math.fround(0.3), 0, 2]);
    expect([...next.momentum!.get('fc2.weight')!]).toEqual([0, 3, 0, 20]);
    expect([...next.secondMoments!.get('fc2.weight')!]).toEqual([0, 9, 0, 400]);
    expect(next.values.get('fc1.weight')).toBe(state.values.get('fc1.weight'));
    expect(next.step).toBe(7);
    expect([...state.topology.get('fc2.weight')!.live]).toEqual([3, 10, 20]);
  });

  it('sets values to 0 and leaves their moments', () => {
    const next = changedState(smallNet, state, [change('fc2.weight', [], [], [10]), change('fc1.weight', [], [], [1, 2])]);
    expect([...next.values.get('fc2.weight')!]).toEqual([Math.fround(0.3), 0, 2]);
    expect([...next.momentum!.get('fc2.weight')!]).toEqual([3, 10, 20]);
    expect([...next.values.get('fc1.weight')!.subarray(0, 4)]).toEqual([0, 0, 0, 3]);
    expect([...next.secondMoments!.get('fc2.weight')!]).toEqual([9, 100, 400]);
    expect(next.topology.has('fc1.weight')).toBe(false);
  });

  it('makes a dense layer sparse when it loses a weight, in its place among the layers', () => {
    const next = changedState(smallNet, state, [change('fc1.weight', [0, 47], [])]);
    expect([...next.topology.keys()]).toEqual(['fc1.weight', 'fc2.weight']);
    expect([...next.topology.get('fc1.weight')!.live]).toEqual(Array.from({ length: 46 }, (_, i) => i + 1));
    expect([...next.momentum!.get('fc1.weight')!]).toEqual(Array.from({ length: 46 }, (_, i) => -(i + 1)));
  });
});

describe('isRewiring', () => {
  it.each([
    [[change('fc2.weight', [3], [4])], true],
    [[change('fc2.weight', [3], [])], false],
    [[change('fc2.weight', [3], [4]), change('fc1.weight', [], [], [1])], false],
  ])('%#', (changes, expected) => expect(isRewiring(changes)).toBe(expected));
});

describe('a session that is opened anew', () => {
  it.each<OptimizerSpec>([
    { kind: 'sgd', momentum: 0.9, weightDecay: 1e-3 },
    { kind: 'adamw', weightDecay: 1e-3 },
  ])('goes on byte for byte as one that was not, where nothing changes: $kind', async (optimizer) => {
    const { model } = freshState(smallNet, smallPlan(), 5);
    const options = { batchSize: 5, optimizer };
    const batches = [...(smallRun().data.train.batches({ batchSize: 5 }) as Iterable<never>)];
    await using one = await ReopenableSession.open(denseEngine(), smallNet, model, options);
    await using other = await ReopenableSession.open(denseEngine(), smallNet, model, options);
    for (const batch of batches) {
      await one.now.trainStep(batch, { learningRate: 0.1 });
      await other.now.trainStep(batch, { learningRate: 0.1 });
      await other.reopen(changedState(smallNet, await other.now.snapshot(), [change('fc2.weight', [], [])]));
    }
    expect(await other.now.snapshot()).toEqual(await one.now.snapshot());
  });
});
