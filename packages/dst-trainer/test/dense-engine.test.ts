import { erk, initialState, type ModelState, randomTopology } from '@freetickets/sparse-core';
import { expect, it } from 'vitest';
import { blobs } from './blobs.ts';
import { denseEngine } from './dense-engine.ts';
import { smallNet } from './small-run.ts';

it('the test engine: gradients agree with central differences of the loss', async () => {
  const state = initialState(smallNet, randomTopology(smallNet, erk()(smallNet, 0.5), 1), 1);
  const [batch] = [...(blobs({ size: 7, features: 6, classes: 3 }).batches({ batchSize: 7 }) as Iterable<never>)];
  const options = { batchSize: 7, optimizer: { kind: 'sgd', momentum: 0, weightDecay: 0 } } as const;
  const still = { learningRate: 0.1, update: false };
  await using session = await denseEngine().open(smallNet, state, options);
  await session.trainStep(batch!, still);
  const step = 1e-3;
  for (const [param, values] of state.values) {
    const gradient = await session.gradient(param);
    for (const [k, value] of values.entries()) {
      const lossWith = async (changed: number) => {
        const moved: ModelState = { ...state, values: new Map(state.values).set(param, values.with(k, changed)) };
        await using other = await denseEngine().open(smallNet, moved, options);
        return (await other.trainStep(batch!, still)).loss;
      };
      const slope = ((await lossWith(value + step)) - (await lossWith(value - step))) / (2 * step);
      expect(Math.abs(gradient[k]! - slope), `${param}[${k}]`).toBeLessThan(1e-3);
    }
  }
});
