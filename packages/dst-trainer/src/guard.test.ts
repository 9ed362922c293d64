import type { Batch, PassOptions, Source } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { bytesOf, collect, lastState, ofType, smallNet, smallPlan, smallRun, story } from '../test/small-run.ts';
import { spoilt } from '../test/spoilt.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import type { Guard } from './guard.ts';
import { gmp } from './plans/gmp.ts';
import { METHODS, plansFor } from './plans/plans-for.ts';
import { globalMagnitude } from './rules/global-magnitude.ts';
import { train } from './train.ts';

const runWith = (guard: Guard | undefined, train: Source, over: Parameters<typeof smallRun>[0] = {}) =>
  smallRun({ plan: smallPlan({ guard }), data: { ...smallRun().data, train }, ...over });

const finite = (values: Iterable<Float32Array>) => [...values].every((array) => array.every(Number.isFinite));

describe.each([Number.NaN, Number.POSITIVE_INFINITY, 1e30])('a batch full of %d', (value) => {
  it('stops a run that is not told otherwise', async () => {
    const error = { code: 'NON_FINITE', message: expect.stringMatching(/^phase explore, step [789]: loss: expected a finite number/) };
    await expect(collect(train(runWith(undefined, spoilt([7], value))))).rejects.toMatchObject(error);
  });

  it('stops it before the model is spoilt, where there is a guard', async () => {
    const stopped = collect(train(runWith({ action: 'stop', maxGradientNorm: 1000 }, spoilt([7], value))));
    await expect(stopped).rejects.toThrow(/^phase explore, step 7: (loss|norm of the gradient): expected a/);
  });

  it('is skipped: the step changes nothing, and the run ends as it should', async () => {
    const guard = { action: 'skip', maxGradientNorm: 1000 } as const;
    const { events } = await collect(train(runWith(guard, spoilt([7], value), { checkpointEvery: 1 })));
    const faults = ofType(events, 'fault');
    expect(faults).toMatchObject([{ step: 7, action: 'skip', phase: 'explore' }]);
    const [before, after] = ofType(events, 'checkpoint').filter(({ state: { step } }) => step === 6 || step === 7);
    expect(after!.state.model).toEqual(before!.state.model);
    expect(after!.state.faults).toEqual({ skipped: 1, rolledBack: 0 });
    expect(lastState(events)).toMatchObject({ step: 30, tickets: 2, faults: { skipped: 0, rolledBack: 0 } });
    expect(finite(lastState(events).model.values.values())).toBe(true);
  });

  it('is skipped in the same way by a run that resumes, from any checkpoint', async () => {
    const run = runWith({ action: 'skip', maxGradientNorm: 1000 }, spoilt([7, 8, 16], value), { checkpointEvery: 1 });
    const whole = await collect(train(run));
    for (const checkpoint of ofType(whole.events, 'checkpoint')) {
      const resume = decodeCheckpoint(encodeCheckpoint(checkpoint.state), 'a').state;
      const rest = await collect(train({ ...run, resume }));
      expect(story([...whole.events.slice(0, whole.events.indexOf(checkpoint)), ...rest.events])).toEqual(story(whole.events));
      if (rest.events.length > 0) expect(bytesOf(lastState(rest.events))).toEqual(bytesOf(lastState(whole.events)));
    }
  });
});

describe('a guard', () => {
  it('that finds nothing changes nothing', async () => {
    const plain = await collect(train(smallRun()));
    for (const action of ['stop', 'skip', 'roll-back'] as const) {
      const guarded = await collect(train(smallRun({ plan: smallPlan({ guard: { action } }) })));
      expect(story(guarded.events)).toEqual(story(plain.events));
    }
  });

  it('gives up after ten steps one after the other', async () => {
    const all = Array.from({ length: 30 }, (_, i) => i + 1);
    const events: unknown[] = [];
    const run = async () => {
      for await (const event of train(runWith({ action: 'skip' }, spoilt(all, Number.NaN)))) if (event.type === 'fault') events.push(event);
    };
    await expect(run()).rejects.toThrow(/^phase refine 1, step 11: loss/);
    expect(events).toHaveLength(10);
  });

  it('rolls back to the last checkpoint with half the learning rate, five times at most', async () => {
    const faults: unknown[] = [];
    const rates: number[] = [];
    const run = async () => {
      for await (const event of train(runWith({ action: 'roll-back' }, spoilt([13], Number.NaN)))) {
        if (event.type === 'fault') faults.push([event.step, event.backTo]);
        if (event.type === 'epoch') rates.push(event.learningRate);
      }
    };
    await expect(run()).rejects.toThrow('phase refine 1, step 13: loss: expected a finite number, received NaN');
    expect(faults).toEqual(Array.from({ length: 5 }, () => [13, 10]));
    expect(rates).toEqual([0.1, 0.1]);
  });

  it('that rolled back ends where a run with half the rate from there does', async () => {
    // Once spoilt, then whole: what an unlucky moment of a machine is like.
    let spoil = true;
    const source = spoilt([13], Number.NaN);
    const whole = smallRun().data.train;
    const once: Source = {
      ...whole,
      *batches(options: PassOptions) {
        const pictures = spoil && options.shuffle?.epoch === 3 ? source : whole;
        if (pictures === source) spoil = false;
        yield* pictures.batches(options) as Iterable<Batch>;
      },
    };
    const { events } = await collect(train(runWith({ action: 'roll-back' }, once)));
    const back = ofType(events, 'checkpoint').find(({ state: { step } }) => step === 10)!.state;
    const resumed = await collect(train(smallRun({ resume: { ...back, faults: { skipped: 0, rolledBack: 1 } } })));
    expect(bytesOf(lastState(events))).toEqual(bytesOf(lastState(resumed.events)));
    expect(ofType(events, 'epoch').map(({ learningRate }) => learningRate)).toEqual(
      ofType((await collect(train(smallRun()))).events, 'epoch').map(({ learningRate }, i) => (i < 2 ? learningRate : learningRate / 2)),
    );
  });

  it('takes an exploding norm for a fault', async () => {
    const plan = (maxGradientNorm?: number) => smallPlan({ learningRate: 3, guard: { action: 'stop', maxGradientNorm } });
    await expect(collect(train(smallRun({ plan: plan(1e-3) })))).rejects.toThrow(
      /^phase explore, step 1: norm of the gradient: expected a number up to 0.001, received 0\.\d+/,
    );
  });

  it.each(METHODS)('goes with the method %s', (method) => {
    const guard = { action: 'skip' } as const;
    const options = { tickets: 2, sparsity: 0.5, exploreEpochs: 8, refineEpochs: 4, batchSize: 8, guard };
    for (const plan of plansFor(method, options)) expect(plan.guard).toEqual(guard);
  });

  it('refuses a norm of 0', () => {
    const expected = 'plan.guard.maxGradientNorm: expected a number above 0, received 0';
    expect(() => smallPlan({ guard: { action: 'stop', maxGradientNorm: 0 } })).toThrow(expected);
  });
});

describe('a layer in which nothing lives', () => {
  // One weight of 112 is to live: over the whole network the other layer has none.
  const dying = (guard?: Guard) =>
    gmp({
      tickets: 1,
      sparsity: 1 - 1 / 112,
      epochs: 6,
      batchSize: 5,
      pruning: { every: 3, drop: globalMagnitude() },
      ...(guard && { guard }),
    })[0]!;

  it.each([undefined, { action: 'roll-back' }] as const)('stops the run: %j', async (guard) => {
    await expect(collect(train(smallRun({ plan: dying(guard) })))).rejects.toThrow(
      /^phase \S+, step \d+: fc[12].weight: expected at least one live weight, received 0\. Lower the sparsity/,
    );
  });

  it('is told and left where steps may be skipped', async () => {
    const { events } = await collect(train(smallRun({ plan: dying({ action: 'skip' }) })));
    expect(ofType(events, 'fault')).toMatchObject([{ cause: 'dead-layer', action: 'skip' }]);
    const { topology } = lastState(events).model;
    expect([...topology.values()].map(({ live }) => live.length).sort()).toEqual([0, 1]);
  });

  it('is told before the first step, too', async () => {
    const distribution = () =>
      new Map([
        ['fc1.weight', 0],
        ['fc2.weight', 56],
      ] as const);
    await expect(collect(train(smallRun({ plan: smallPlan({ distribution }) })))).rejects.toMatchObject({ code: 'DEAD_LAYER' });
  });
});

it('a network of density 1, and one of a single weight a layer, train without a fault', async () => {
  const size = (param: 'fc1.weight' | 'fc2.weight') => smallNet.params.get(param)!.size;
  for (const count of [undefined, 1]) {
    const distribution = () =>
      new Map([
        ['fc1.weight', count ?? size('fc1.weight')],
        ['fc2.weight', count ?? size('fc2.weight')],
      ] as const);
    const plan = smallPlan({ sparsity: count === undefined ? 0 : 0.98, distribution, guard: { action: 'stop' } });
    const { events } = await collect(train(smallRun({ plan })));
    expect(lastState(events)).toMatchObject({ step: 30, tickets: 2 });
    expect(lastState(events)).not.toHaveProperty('faults');
  }
});
