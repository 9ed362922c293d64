/** Experiments with every kind of topology change, trained by the engines that users have: live counts change, and an interruption does not show. */
import { generated, sourceOf, splitValidation } from '@freetickets/datasets';
import { decodeCheckpoint, encodeCheckpoint, type TrainEvent, type TrainState, train } from '@freetickets/dst-trainer';
import { referenceEngine } from '@freetickets/engine-sparse';
import { tfjsEngine } from '@freetickets/engine-tfjs';
import { loadTfjs } from '@freetickets/engine-tfjs/node';
import { network } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { resolveExperiment } from './experiment.ts';
import type { Flags } from './experiment-fields.ts';
import { plansOf } from './plans.ts';

const set = generated({ train: 60, size: 12 });
const parts = splitValidation(set.train, 0.2);
const data = { train: sourceOf(parts.train, { dataset: set }), valid: sourceOf(parts.validation, { dataset: set }) };
const net = network({
  version: 1,
  name: 'small convolutions',
  input: { shape: set.shape },
  nodes: [
    { id: 'conv1', op: 'conv2d', from: ['input'], out: 8, kernel: 3 },
    { id: 'norm', op: 'batchNorm', from: ['conv1'] },
    { id: 'relu', op: 'relu', from: ['norm'] },
    { id: 'conv2', op: 'conv2d', from: ['relu'], out: 16, kernel: 3 },
    { id: 'pool', op: 'globalAvgPool', from: ['conv2'] },
    { id: 'fc', op: 'linear', from: ['pool'], out: set.classes.length },
  ],
  output: 'fc',
});

const statesOf = (events: readonly TrainEvent[]) => events.flatMap((event) => (event.type === 'checkpoint' ? [event.state] : []));

async function eventsOf(flags: Flags, resume?: TrainState): Promise<TrainEvent[]> {
  const experiment = resolveExperiment({
    tickets: '2',
    exploreEpochs: '1',
    refineEpochs: '1',
    batchSize: '16',
    rewireEvery: '2',
    ...flags,
  });
  const engine = experiment.profile === 'ref-dense' ? tfjsEngine(await loadTfjs('wasm')) : referenceEngine();
  const run = { network: net, plan: plansOf(experiment)[0]!, data, engine, seed: 3, checkpointEvery: 1 };
  const events: TrainEvent[] = [];
  for await (const event of train({ ...run, ...(resume && { resume }) })) events.push(event);
  return events;
}

const bytesOf = (state: TrainState) => encodeCheckpoint({ ...state, elapsedSeconds: 0 });

describe('on networks with convolutions', () => {
  it.each<[Flags]>([
    [{ growth: 'momentum', redistribution: 'momentum', sparsity: '0.8' }],
    [{ method: 'gmp', drop: 'taylor', sparsity: '0.8' }],
    [{ profile: 'ref', growth: 'random', sparsity: '0.8' }],
    [{ profile: 'ref-dense', sparsity: '0.8' }],
    [{ structure: '2:4', sparsity: '0.5' }],
    [{ structure: 'srigl', ablation: '0.9', sparsity: '0.9' }],
    [{ distribution: 'grasp', drop: 'global-magnitude', growth: 'random-unfired' }],
  ])('%j trains, and resumes byte for byte from the middle', async (flags) => {
    const events = await eventsOf(flags);
    const states = statesOf(events);
    const rewired = events.filter(({ type }) => type === 'rewired');
    expect(rewired.length).toBeGreaterThan(0);
    const middle = states[Math.floor(states.length / 2)]!;
    const rest = await eventsOf(flags, decodeCheckpoint(encodeCheckpoint(middle), 'middle').state);
    expect(bytesOf(statesOf(rest).at(-1)!)).toEqual(bytesOf(states.at(-1)!));
  });
});
