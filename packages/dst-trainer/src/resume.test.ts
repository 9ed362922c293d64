import type { PassOptions, Source } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { denseEngine } from '../test/dense-engine.ts';
import { bytesOf, collect, lastState, ofType, STEPS_PER_EPOCH, smallPlan, smallRun, story } from '../test/small-run.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { dense } from './plans/dense.ts';
import { dst } from './plans/dst.ts';
import { gmp } from './plans/gmp.ts';
import { ltr } from './plans/ltr.ts';
import { oneShot, pf } from './plans/pf.ts';
import type { Plan } from './plans/plan.ts';
import { snapshot } from './plans/snapshot.ts';
import { staticSparse } from './plans/static-sparse.ts';
import { REF } from './profile.ts';
import { byMagnitude } from './redistribution/by-magnitude.ts';
import { byMomentum } from './redistribution/by-momentum.ts';
import { globalMagnitude } from './rules/global-magnitude.ts';
import { mix } from './rules/mix.ts';
import { momentum } from './rules/momentum.ts';
import { momentumPerNeuron } from './rules/momentum-per-neuron.ts';
import { random } from './rules/random.ts';
import { randomUnfired } from './rules/random-unfired.ts';
import { taylor } from './rules/taylor.ts';
import { train } from './train.ts';
import type { TrainState } from './train-state.ts';

const throughFile = (state: TrainState): TrainState => decodeCheckpoint(encodeCheckpoint(state), 'run.checkpoint').state;

/** A run that is aborted while its engine computes the given step. */
function abortedAt(step: number, over: Parameters<typeof smallRun>[0] = {}) {
  const controller = new AbortController();
  const measured = over.plan?.ratios === 'grasp' ? 3 : 0; // gradients that the engine computes before the first step
  const engine = denseEngine({ onStep: (steps) => steps === step + measured && controller.abort() });
  return collect(train(smallRun({ ...over, engine, signal: controller.signal })));
}

const oneRun = { tickets: 1, sparsity: 0.6, epochs: 6, batchSize: 5 } as const;

const plans: [string, Plan][] = [
  // A momentum of 0.2 gathers 3 of every 4 steps, and over the end of a phase before the escape.
  [
    'growth by momentum, gathered over steps and phases, and redistribution',
    smallPlan({ momentum: 0.2, rewiring: { every: 4, grow: momentum(), redistribute: byMomentum() } }),
  ],
  [
    'growth by momentum per neuron, redistribution by magnitude and global drops',
    smallPlan({ rewiring: { every: 4, grow: momentumPerNeuron(), drop: globalMagnitude(), redistribute: byMagnitude() } }),
  ],
  [
    'growth where nothing has lived, a falling death rate',
    smallPlan({ deathRate: 'linear', rewiring: { every: 2, grow: randomUnfired() } }),
  ],
  ['mixed growth and drops by Taylor', smallPlan({ rewiring: { every: 3, grow: mix(), drop: taylor() } })],
  ['the profile ref: escapes with a stale gradient, coins, zeroed weights', smallPlan({ profile: REF, rewiring: { every: 5 } })],
  ['the profile ref with random growth', smallPlan({ profile: REF, rewiring: { every: 4, grow: random() } })],
  ['gradual pruning', gmp({ ...oneRun, pruning: { every: 2 } })[0]!],
  ['gradual pruning of the whole network by Taylor', gmp({ ...oneRun, pruning: { every: 3, drop: { ...taylor(), over: 'network' } } })[0]!],
  ['gradual pruning under AdamW', gmp({ ...oneRun, optimizer: 'adamw', pruning: { every: 2 } })[0]!],
  ['redistribution under AdamW', smallPlan({ optimizer: 'adamw', rewiring: { every: 3, redistribute: byMomentum() } })],
  ['no rewiring', staticSparse(oneRun)[0]!],
  ['no sparsity', dense(oneRun)[0]!],
  ['snapshots', snapshot({ tickets: 2, epochs: 6, batchSize: 5 })],
  ['pruning and fine-tuning', pf({ ...oneRun, epochs: 3 })[0]!],
  ['pruning at the end', oneShot(oneRun)[0]!],
  ['rewinding to epoch 1', ltr({ ...oneRun, epochs: 3 })[0]!],
  ['rewinding to the start, in two rounds', ltr({ ...oneRun, epochs: 2, rewindEpoch: 0, roundShare: 0.5 })[0]!],
  ['a constant fan-in with ablation', smallPlan({ structure: { kind: 'fan-in', ablate: 0.9 } })],
  ['live counts measured by GraSP', smallPlan({ ratios: 'grasp' })],
  ['gradient growth, escapes and best tickets', smallPlan()],
  ['random growth and last tickets', smallPlan({ rewiring: { grow: random(), every: 2 }, ticket: 'last' })],
  [
    'rewiring instead of updates and a cosine',
    dst({ tickets: 1, sparsity: 0.6, epochs: 6, batchSize: 5, rewiring: { every: 2, on: 'instead-of-update' } })[0]!,
  ],
];

describe.each(plans)('acceptance 10: a run with %s', (_, plan) => {
  it('goes on byte for byte from an interruption at any step', async () => {
    const whole = await collect(train(smallRun({ plan })));
    for (let step = 1; step <= 6 * STEPS_PER_EPOCH; step++) {
      const first = await abortedAt(step, { plan });
      expect(lastState(first.events).step, 'ends its step, then stops').toBe(step);
      const second = await collect(train(smallRun({ plan, resume: throughFile(lastState(first.events)) })));
      expect(story([...first.events, ...second.events]), `interrupted at step ${step}`).toEqual(story(whole.events));
      expect(bytesOf(lastState(second.events))).toEqual(bytesOf(lastState(whole.events)));
      expect([...first.tickets, ...second.tickets]).toEqual(whole.tickets);
    }
  });

  it('goes on byte for byte from any checkpoint of a run that died', async () => {
    const whole = await collect(train(smallRun({ plan, checkpointEvery: 1 })));
    const checkpoints = ofType(whole.events, 'checkpoint');
    expect([...new Set(checkpoints.map(({ state }) => state.step))]).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    for (const checkpoint of checkpoints) {
      const told = whole.events.slice(0, whole.events.indexOf(checkpoint));
      const rest = await collect(train(smallRun({ plan, resume: throughFile(checkpoint.state) })));
      expect(story([...told, ...rest.events]), `died after step ${checkpoint.state.step}`).toEqual(story(whole.events));
      if (rest.events.length > 0) expect(bytesOf(lastState(rest.events))).toEqual(bytesOf(lastState(whole.events)));
    }
  });
});

describe('interruption', () => {
  it('may come three times', async () => {
    const whole = await collect(train(smallRun()));
    const events = [];
    let resume: TrainState | undefined;
    for (const steps of [4, 9, 7, 1000]) {
      const part = await abortedAt(steps, resume && { resume });
      events.push(...part.events);
      resume = throughFile(lastState(part.events));
    }
    expect(story(events)).toEqual(story(whole.events));
  });

  it('before the first step leaves a checkpoint of the start', async () => {
    const { events } = await collect(train(smallRun({ signal: AbortSignal.abort() })));
    expect(events.map(({ type }) => type)).toEqual(['checkpoint']);
    expect(lastState(events).step).toBe(0);
    const rest = await collect(train(smallRun({ resume: throughFile(lastState(events)) })));
    expect(story(rest.events)).toEqual(story((await collect(train(smallRun()))).events));
  });

  it('in the middle of a validation repeats only that validation', async () => {
    const controller = new AbortController();
    const { data } = smallRun();
    let passes = 0;
    const valid: Source = {
      ...data.valid!,
      *batches(options: PassOptions) {
        if (++passes === 3) controller.abort();
        yield* data.valid!.batches(options) as Iterable<never>;
      },
    };
    const first = await collect(train(smallRun({ data: { ...data, valid }, signal: controller.signal })));
    expect(ofType(first.events, 'epoch')).toHaveLength(2);
    expect(lastState(first.events)).toMatchObject({ step: 15, phase: 1, epoch: 0, batch: STEPS_PER_EPOCH });
    const second = await collect(train(smallRun({ resume: throughFile(lastState(first.events)) })));
    expect(story([...first.events, ...second.events])).toEqual(story((await collect(train(smallRun()))).events));
  });

  it('by a timer is heard, for the event loop gets its turns', async () => {
    const controller = new AbortController();
    const engine = denseEngine({ onStep: (steps) => steps === 1 && setTimeout(() => controller.abort(), 0) });
    const plan = smallPlan({ exploreEpochs: 1e9 }); // would outlast the test by far
    const { events } = await collect(train(smallRun({ engine, plan, signal: controller.signal })));
    expect(lastState(events).step).toBeGreaterThan(0);
  });

  it('after the end resumes to nothing', async () => {
    const { events } = await collect(train(smallRun()));
    expect(lastState(events)).toMatchObject({ phase: 3, epoch: 0, batch: 0, tickets: 2 });
    expect(await collect(train(smallRun({ resume: throughFile(lastState(events)) })))).toEqual({ events: [], tickets: [] });
  });
});

describe('a checkpoint of another run is refused', () => {
  const refused = async (change: (state: TrainState) => TrainState, message: string, over: Parameters<typeof smallRun>[0] = {}) => {
    const { events } = await abortedAt(7);
    await expect(collect(train(smallRun({ resume: change(lastState(events)), ...over })))).rejects.toThrow(message);
  };

  it.each<[string, (state: TrainState) => TrainState, string]>([
    [
      'seed',
      (state) => ({ ...state, seed: 6 }),
      'resume.seed: expected the seed of the run, 5, received 6. The checkpoint is of another run',
    ],
    ['network', (state) => ({ ...state, model: { ...state.model, spec: { ...state.model.spec, name: 'other' } } }), 'resume.model'],
    ['phase', (state) => ({ ...state, phase: 9 }), 'resume.phase: expected a phase of the plan, 0 to 3, received 9'],
    ['epoch', (state) => ({ ...state, epoch: 2 }), 'resume.epoch: expected an epoch of the phase, below 2, received 2'],
    ['batch', (state) => ({ ...state, batch: 6 }), 'resume.batch'],
    ['step', (state) => ({ ...state, step: 8 }), 'resume.step: expected 7'],
  ])('%s', (_, change, message) => refused(change, message));

  it('plan', () => refused((state) => state, 'resume.step', { plan: smallPlan({ batchSize: 4 }) }));
});
