import { applyDelta, erk, type ParamName, type Source, type Topology } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { blobs } from '../test/blobs.ts';
import { denseEngine } from '../test/dense-engine.ts';
import { bytesOf, collect, lastState, ofType, STEPS_PER_EPOCH, smallNet, smallPlan, smallRun } from '../test/small-run.ts';
import { evaluate } from './evaluate.ts';
import { dense } from './plans/dense.ts';
import { staticSparse } from './plans/static-sparse.ts';
import { REF_DENSE } from './profile.ts';
import { mix } from './rules/mix.ts';
import { momentum } from './rules/momentum.ts';
import { momentumPerNeuron } from './rules/momentum-per-neuron.ts';
import { random } from './rules/random.ts';
import { train } from './train.ts';

const counts = (topology: Topology) => [...topology].map(([param, { live }]) => [param, live.length]);

describe('train', () => {
  it('tells phases, epochs and tickets in order, with the learning rates of the plan', async () => {
    const { events, tickets } = await collect(train(smallRun()));
    const told = events.flatMap((event) => {
      if (event.type === 'phase') return [`${event.phase}: ${event.epochs} epochs after step ${event.step}`];
      if (event.type === 'epoch') return [`epoch ${event.epoch} of ${event.of}, step ${event.step}, rate ${event.learningRate}`];
      return event.type === 'ticket' ? [`ticket ${event.index} of ${event.phase}`] : [];
    });
    expect(told).toEqual([
      'explore: 2 epochs after step 0',
      'epoch 1 of 6, step 5, rate 0.1',
      'epoch 2 of 6, step 10, rate 0.1',
      'refine 1: 2 epochs after step 10',
      'epoch 3 of 6, step 15, rate 0.01',
      'epoch 4 of 6, step 20, rate 0.001',
      'ticket 0 of refine 1',
      'refine 2: 2 epochs after step 20',
      'epoch 5 of 6, step 25, rate 0.01',
      'epoch 6 of 6, step 30, rate 0.001',
      'ticket 1 of refine 2',
    ]);
    expect(tickets).toEqual(ofType(events, 'ticket').map(({ state }) => state));
    const checkpoints = ofType(events, 'checkpoint').map(({ state }) => state.step);
    expect(checkpoints, 'one after each epoch').toEqual([5, 10, 15, 20, 25, 30]);
    expect(ofType(events, 'progress')[0]).toMatchObject({ phase: 'explore', epoch: 1, step: 1, totalSteps: 30 });
  });

  it('rewires every third step, skips the last of a phase, and escapes where a new refinement begins', async () => {
    const { events } = await collect(train(smallRun()));
    const rewired = ofType(events, 'rewired');
    // multiples of 3 up to 30, less 30 (the run's last step); 21 is the first step of refine 2 and escapes instead
    expect(rewired.map(({ step, cause, fraction }) => [step, cause, fraction])).toEqual([
      [3, 'interval', 0.5],
      [6, 'interval', 0.5],
      [9, 'interval', 0.5],
      [12, 'interval', 0.5],
      [15, 'interval', 0.5],
      [18, 'interval', 0.5],
      [21, 'escape', 0.8],
      [24, 'interval', 0.5],
      [27, 'interval', 0.5],
    ]);
  });

  it('keeps the live counts of the distribution, at 1 - escape of the mask at least, and leaves dense layers alone', async () => {
    const { events } = await collect(train(smallRun({ checkpointEvery: 1 })));
    const expected = [...erk()(smallNet, 0.5)];
    expect(expected.map(([param]) => param)).toEqual(['fc1.weight', 'fc2.weight']); // fc3 is dense by its spec
    let before: Topology | undefined;
    for (const event of events) {
      if (event.type === 'rewired') {
        expect(event.layers.map(({ param, live }) => [param, live])).toEqual(expected);
        for (const [i, { live, dropped, changed }] of event.layers.entries()) {
          expect(dropped).toBe(Math.ceil(event.fraction * live));
          expect(event.deltas[i]!.dropped).toHaveLength(changed);
          expect(changed).toBeLessThanOrEqual(dropped);
        }
        const after = new Map([...before!].map(([param, layer], i) => [param, applyDelta(layer, event.deltas[i]!)]));
        before = after;
      }
      if (event.type === 'checkpoint') {
        expect(counts(event.state.model.topology)).toEqual(expected);
        if (before) expect(event.state.model.topology, `step ${event.state.step}`).toEqual(before);
        before = event.state.model.topology;
      }
    }
  });

  it('reports an exploration that begins at the density and never falls', async () => {
    const { events } = await collect(train(smallRun({ plan: smallPlan({ rewiring: { grow: random(), every: 2 } }) })));
    const rates = ofType(events, 'rewired').map(({ exploration }) => exploration);
    expect(rates[0]).toBeGreaterThan(0.5);
    expect(rates.at(-1)).toBeLessThanOrEqual(1);
    expect([...rates].sort((a, b) => a - b)).toEqual(rates);
    expect(new Set(rates).size).toBeGreaterThan(1);
  });

  it('hands out the earliest of the best epochs of a phase, by validation', async () => {
    const plan = smallPlan({ exploreEpochs: 1, refineEpochs: 6 });
    const run = smallRun({ plan });
    const { events } = await collect(train(run));
    expect(ofType(events, 'ticket')).toHaveLength(2);
    for (const ticket of ofType(events, 'ticket')) {
      const epochs = ofType(events, 'epoch').filter(({ phase }) => phase === ticket.phase);
      const best = Math.max(...epochs.map(({ validAccuracy }) => validAccuracy!));
      expect(ticket.validAccuracy).toBe(best);
      expect(ticket.epoch).toBe(epochs.find(({ validAccuracy }) => validAccuracy === best)!.epoch);
      expect(ticket.state.momentum).toBeUndefined();
      await using session = await denseEngine().open(smallNet, ticket.state, { batchSize: 5 });
      expect((await evaluate(session, run.data.valid!, 5, async () => true))!.accuracy).toBe(best);
    }
  });

  it('hands out the last state without validation data, or when the plan says so', async () => {
    const { train: trainData, valid } = smallRun().data;
    for (const run of [
      smallRun({ data: { train: trainData } }),
      smallRun({ plan: smallPlan({ ticket: 'last' }), data: { train: trainData, valid: valid! } }),
    ]) {
      const { events } = await collect(train(run));
      const ends = ofType(events, 'checkpoint').filter(({ state }) => [20, 30].includes(state.step));
      expect(ofType(events, 'ticket').map(({ epoch }) => epoch)).toEqual([4, 6]);
      expect(ofType(events, 'ticket').map(({ state }) => state.values)).toEqual(ends.map(({ state }) => state.model.values));
    }
  });

  it('gives the same bytes for the same seed, and others for another', async () => {
    const last = async (seed: number) => bytesOf({ ...lastState((await collect(train(smallRun({ seed })))).events), seed: 0 });
    expect(await last(5)).toEqual(await last(5));
    expect(await last(5)).not.toEqual(await last(6));
  });

  it('learns: static, dynamic and dense networks separate three distant clouds', async () => {
    const data = {
      train: blobs({ size: 90, features: 6, classes: 3, noise: 0.3 }),
      valid: blobs({ size: 60, features: 6, classes: 3, noise: 0.3, seed: 2 }),
    };
    const settings = { tickets: 1, sparsity: 0.5, epochs: 30, batchSize: 10, learningRate: 0.05 };
    const edstPlan = smallPlan({ batchSize: 10, exploreEpochs: 10, refineEpochs: 10, rewiring: { every: 20 } });
    for (const plan of [edstPlan, staticSparse(settings)[0]!, dense(settings)[0]!]) {
      const { events, tickets } = await collect(train(smallRun({ plan, data })));
      expect(ofType(events, 'epoch')[0]!.loss).toBeGreaterThan(ofType(events, 'epoch').at(-1)!.loss);
      for (const ticket of ofType(events, 'ticket')) expect(ticket.validAccuracy, plan.method).toBeGreaterThan(0.95);
      if (plan.method === 'dense') expect(tickets[0]!.topology.size).toBe(0);
    }
  });
});

describe('waitedSeconds of an epoch', () => {
  /** Busy for two milliseconds of the clock that the trainer reads; says for how long it was. */
  const spin = () => {
    const start = performance.now();
    while (performance.now() < start + 2);
    return performance.now() - start;
  };

  it('is the time in which the steps had no batch, and none of the engine', async () => {
    let loadingMs = 0;
    let stepsMs = 0;
    const run = smallRun({ engine: denseEngine({ onStep: () => (stepsMs += spin()) }) });
    const slow: Source = {
      ...run.data.train,
      async *batches(options) {
        for await (const batch of run.data.train.batches(options)) {
          loadingMs += spin();
          yield batch;
        }
      },
    };
    const startedAt = performance.now();
    const { events } = await collect(train({ ...run, data: { ...run.data, train: slow } }));
    const elapsedMs = performance.now() - startedAt;
    const waitedMs = ofType(events, 'epoch').reduce((sum, { waitedSeconds }) => sum + 1000 * waitedSeconds, 0);
    expect(waitedMs).toBeGreaterThanOrEqual(loadingMs);
    expect(waitedMs).toBeLessThanOrEqual(elapsedMs - stepsMs);
  });
});

describe('acceptance 9: a grown weight', () => {
  it('starts at 0 without momentum; its first move is -rate * gradient', async () => {
    const plan = smallPlan({ weightDecay: 0, learningRate: 0.1 });
    const run = smallRun({ plan, checkpointEvery: 1 });
    const { events } = await collect(train(run));
    const checkpoints = ofType(events, 'checkpoint').map(({ state }) => state.model);
    const batches = [...(run.data.train.batches({ batchSize: 5, shuffle: { seed: 5, epoch: 1 } }) as Iterable<never>)];
    const { deltas } = ofType(events, 'rewired').find(({ step }) => step === 3)!;
    const [after, next] = [checkpoints[2]!, checkpoints[3]!];
    // The gradient of step 4, from a session of its own that starts where step 3 ended.
    await using session = await denseEngine().open(smallNet, after, {
      batchSize: 5,
      optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 },
    });
    await session.trainStep(batches[3]!, { learningRate: 0.1, update: false });
    let moved = 0;
    for (const { param, grown } of deltas) {
      const gradient = await session.gradient(param);
      for (const position of grown) {
        const k = after.topology.get(param)!.live.indexOf(position);
        expect(after.values.get(param)![k]).toBe(0);
        expect(after.momentum!.get(param)![k]).toBe(0);
        const first = Math.fround(-0.1 * gradient[k]!);
        expect(next.values.get(param)![k]).toBeCloseTo(first, 7);
        if (first !== 0) moved++;
      }
    }
    expect(moved, 'the test has grown weights that move').toBeGreaterThan(3);
  });

  it('is the only change, besides the dropped, where a rewiring replaces the update', async () => {
    const plan = smallPlan({ rewiring: { every: 3, on: 'instead-of-update' } });
    const { events } = await collect(train(smallRun({ plan, checkpointEvery: 1 })));
    const models = ofType(events, 'checkpoint').map(({ state }) => state.model);
    const dense = (model: (typeof models)[number], param: ParamName) => {
      const { values, topology } = model;
      return new Map(Array.from(topology.get(param)!.live, (position, k) => [position, values.get(param)![k]!]));
    };
    for (const { param, dropped, grown } of ofType(events, 'rewired')[0]!.deltas) {
      const expected = dense(models[1]!, param);
      for (const position of dropped) expected.delete(position);
      for (const position of grown) expected.set(position, 0);
      expect(dense(models[2]!, param)).toEqual(new Map([...expected].sort(([a], [b]) => a - b)));
    }
    expect(models[2]!.values.get('fc3.bias')).toEqual(models[1]!.values.get('fc3.bias'));
  });
});

describe('train refuses', () => {
  const refusal = (over: Parameters<typeof smallRun>[0]) => expect(collect(train(smallRun(over)))).rejects;
  const { data } = smallRun();

  it('a plan whose rules read a signal that the engine lacks, unless they need none', async () => {
    const engine = denseEngine({ signals: [] });
    await refusal({ engine }).toMatchObject({ code: 'ENGINE_LACKS_SIGNAL', at: 'engine dense test engine' });
    const { tickets } = await collect(train(smallRun({ engine, plan: smallPlan({ rewiring: { grow: random(), every: 3 } }) })));
    expect(tickets).toHaveLength(2);
  });

  it('the profile ref-dense where dead weights have no momentum', async () => {
    const plan = smallPlan({ profile: REF_DENSE });
    await refusal({ plan }).toMatchObject({ code: 'ENGINE_LACKS_SIGNAL', at: 'engine dense test engine' });
    await refusal({ plan }).toThrow('expected momentum of dead weights, which the profile ref-dense gathers');
  });

  it.each([
    [momentum(), 'momentum'],
    [momentumPerNeuron(), 'momentum-per-neuron'],
    [mix(), 'mix'],
  ])('a rule that is made of dense gradients where the engine has none: $kind', async (grow, kind) => {
    const engine = denseEngine({ signals: [] });
    await refusal({ engine, plan: smallPlan({ rewiring: { grow } }) }).toThrow(
      `engine dense test engine: expected the signal gradient, which the rule ${kind} of the plan reads, received []. Choose another engine`,
    );
  });

  it('a loss that is not finite, and names phase, step, learning rate and remedy', async () => {
    const plan = smallPlan({ learningRate: 1e30 });
    await refusal({ plan }).toMatchObject({ code: 'NON_FINITE' });
    await refusal({ plan }).toThrow(
      /^phase explore, step \d: loss: expected a finite number, received NaN\. The learning rate was 1e\+30; lower it/,
    );
  });

  it('data of another shape, other classes or no samples', async () => {
    await refusal({ data: { train: blobs({ size: 5, features: 4, classes: 3 }) } }).toThrow(
      'data.train: shape: expected samples of shape (6), the input of small, received [4]',
    );
    await refusal({ data: { ...data, valid: blobs({ size: 5, features: 6, classes: 2 }) } }).toThrow(
      'data.valid: classes: expected 3, the output of small, received 2',
    );
    await refusal({ data: { train: blobs({ size: 0, features: 6, classes: 3 }) } }).toThrow(
      'data.train: size: expected at least one sample',
    );
  });

  it('data that gives fewer or more batches than its size says', async () => {
    const withBatches = (size: number): Source => ({ ...data.train, size });
    await refusal({ data: { train: withBatches(40) } }).toThrow(
      'data.train: epoch 1: expected 8 batches for 40 samples in batches of 5, received 5',
    );
    await refusal({ data: { train: withBatches(10) } }).toThrow(
      'data.train: epoch 1: expected 2 batches for 10 samples in batches of 5, received "more"',
    );
  });

  it('a seed or a checkpoint interval that is no whole number', async () => {
    await refusal({ seed: 0.5 }).toThrow('seed: expected a whole number, received 0.5');
    await refusal({ checkpointEvery: 0 }).toThrow('checkpointEvery: expected a whole number of at least 1, received 0');
  });

  it('not images where the network reads a list of features', async () => {
    const images: Source = { ...data.train, shape: [1, 2, 3] };
    const { events } = await collect(train(smallRun({ data: { train: images } })));
    expect(lastState(events).step).toBe(6 * STEPS_PER_EPOCH);
  });
});
