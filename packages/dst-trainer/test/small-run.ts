/** The small run that the tests of the trainer share, and ways to drive and compare runs. */
import { encodeTicket, type ModelState, network } from '@freetickets/sparse-core';
import { encodeCheckpoint } from '../src/checkpoint.ts';
import type { TrainEvent } from '../src/events.ts';
import { type EdstOptions, edst } from '../src/plans/edst.ts';
import type { TrainRun } from '../src/train.ts';
import type { TrainState } from '../src/train-state.ts';
import { blobs } from './blobs.ts';
import { denseEngine } from './dense-engine.ts';

export const smallNet = network({
  version: 1,
  name: 'small',
  input: { shape: [6] },
  nodes: [
    { id: 'fc1', op: 'linear', from: ['input'], out: 8 },
    { id: 'relu1', op: 'relu', from: ['fc1'] },
    { id: 'fc2', op: 'linear', from: ['relu1'], out: 8 },
    { id: 'relu2', op: 'relu', from: ['fc2'] },
    { id: 'fc3', op: 'linear', from: ['relu2'], out: 3, dense: true },
  ],
  output: 'fc3',
});

/** 22 samples in batches of 5: five steps an epoch, the last one of two samples. */
export const STEPS_PER_EPOCH = 5;

/** Two tickets, 2 + 2 + 2 epochs, 30 steps; rewiring every 3. */
export const smallPlan = (over: Partial<EdstOptions> = {}) =>
  edst({ tickets: 2, sparsity: 0.5, exploreEpochs: 2, refineEpochs: 2, batchSize: 5, rewiring: { every: 3 }, ...over });

export const smallRun = (over: Partial<TrainRun> = {}): TrainRun => ({
  network: smallNet,
  plan: smallPlan(),
  data: { train: blobs({ size: 22, features: 6, classes: 3 }), valid: blobs({ size: 11, features: 6, classes: 3, seed: 2 }) },
  engine: denseEngine(),
  seed: 5,
  ...over,
});

export interface Outcome {
  readonly events: readonly TrainEvent[];
  readonly tickets: readonly ModelState[];
}

/** Runs to the end and keeps everything. */
export async function collect(run: AsyncGenerator<TrainEvent, readonly ModelState[]>): Promise<Outcome> {
  const events: TrainEvent[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done) return { events, tickets: next.value };
    events.push(next.value);
  }
}

export const ofType = <T extends TrainEvent['type']>(events: readonly TrainEvent[], type: T) =>
  events.filter((event): event is Extract<TrainEvent, { type: T }> => event.type === type);

export const lastState = (events: readonly TrainEvent[]): TrainState => ofType(events, 'checkpoint').at(-1)!.state;

/** What a run told, without the clock: checkpoints and progress, which it may emit more or less of, are left out. */
export const story = (events: readonly TrainEvent[]) =>
  events
    .filter(({ type }) => type !== 'checkpoint' && type !== 'progress')
    .map((event) =>
      event.type === 'epoch'
        ? { ...event, seconds: 0, waitedSeconds: 0 }
        : event.type === 'ticket'
          ? { ...event, state: encodeTicket(event.state) }
          : event,
    );

/** Everything of a state but the clock, as bytes. */
export const bytesOf = (state: TrainState): Uint8Array => encodeCheckpoint({ ...state, elapsedSeconds: 0 });
