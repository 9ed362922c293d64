import { distributionFromScores, type ModelState, magnitudeScores, pruneByMagnitude } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { collect, ofType, STEPS_PER_EPOCH, smallNet, smallRun } from '../test/small-run.ts';
import { planCost } from './plan-cost.ts';
import { edst } from './plans/edst.ts';
import { fge } from './plans/fge.ts';
import { type LtrOptions, ltr } from './plans/ltr.ts';
import { oneShot, pf } from './plans/pf.ts';
import type { Plan } from './plans/plan.ts';
import { snapshot } from './plans/snapshot.ts';
import { magnitude } from './rules/magnitude.ts';
import { train } from './train.ts';

const options = { tickets: 1, sparsity: 0.75, epochs: 3, batchSize: 5 } as const;
const run = async (plan: Plan) => (await collect(train(smallRun({ plan, checkpointEvery: 1 })))).events;
const statesOf = (events: Awaited<ReturnType<typeof run>>) => ofType(events, 'checkpoint').map(({ state }) => state);
/** After so many steps. */
const modelAt = (events: Awaited<ReturnType<typeof run>>, step: number) => statesOf(events).find((state) => state.step === step)!.model;
const counts = ({ topology }: ModelState) => ['fc1.weight', 'fc2.weight'].map((param) => topology.get(param as 'fc1.weight')?.live.length);
/** What global magnitude leaves: 28 of 48 + 64 weights. */
const largest = (model: ModelState) => pruneByMagnitude(model, distributionFromScores(magnitudeScores(model.values))(smallNet, 0.75));

/** What the optimizer holds after the first step of epoch 4, having held nothing before. */
async function firstMomentum({ optimizer, batchSize }: Plan, model: ModelState) {
  const { data, engine, seed } = smallRun();
  await using session = await engine.open(smallNet, model, { batchSize, optimizer });
  for await (const batch of data.train.batches({ batchSize, shuffle: { seed, epoch: 4 } })) {
    await session.trainStep(batch, { learningRate: 1e-30 });
    break;
  }
  return (await session.snapshot()).momentum;
}

describe('prune and fine-tune', () => {
  it('keeps the largest weights of the trained network and nothing else of its optimizer', async () => {
    const [plan] = pf({ ...options, fineTuneRate: 1e-30 }); // too small to move anything
    const events = await run(plan!);
    const [trained, tuned] = [modelAt(events, 15), modelAt(events, 16)];
    const expected = largest(trained);
    expect(tuned.topology).toEqual(expected.topology);
    expect([...tuned.values.values()]).toEqual([...expected.values.values()]);
    expect(tuned).toMatchObject({ step: 1, momentum: await firstMomentum(plan!, expected) });
  });

  it('has exact live counts from then on, and says so once', async () => {
    const events = await run(pf(options)[0]!);
    for (const { step, model } of statesOf(events)) {
      const [a, b] = counts(model);
      if (step <= 15) expect([a, b]).toEqual([undefined, undefined]);
      else expect(a! + b!).toBe(28);
    }
    const [pruned, ...others] = ofType(events, 'rewired');
    expect(others).toEqual([]);
    expect(pruned).toMatchObject({ cause: 'pruning', phase: 'fine-tune', step: 15, fraction: 0.75, exploration: 1 });
    expect(ofType(events, 'ticket').map(({ epoch }) => epoch > 3)).toEqual([true]);
  });

  it('prunes layer by layer to the counts of the distribution where the rule does', async () => {
    const [plan] = pf({
      ...options,
      drop: magnitude(),
      distribution: () =>
        new Map([
          ['fc1.weight', 10],
          ['fc2.weight', 18],
        ]),
    });
    expect(counts(statesOf(await run(plan!)).at(-1)!.model)).toEqual([10, 18]);
  });
});

describe('one-shot pruning', () => {
  it('hands out the trained network without its small weights, validated as it is', async () => {
    const events = await run(oneShot(options)[0]!);
    const [ticket] = ofType(events, 'ticket');
    const expected = largest(modelAt(events, 15));
    expect(ticket!.state.topology).toEqual(expected.topology);
    expect(ticket!.state.values).toEqual(expected.values);
    expect(ticket).toMatchObject({ epoch: 3, phase: 'prune' });
    const dense = ofType(events, 'epoch').at(-1)!;
    expect(ticket!.validAccuracy, 'three quarters of the weights are missed').not.toBe(dense.validAccuracy);
    expect(ofType(events, 'epoch')).toHaveLength(3);
    expect(ofType(events, 'phase').map(({ phase, epochs }) => [phase, epochs])).toEqual([
      ['dense', 3],
      ['prune', 0],
    ]);
  });
});

describe('lottery ticket rewinding', () => {
  const rounds = (over: Partial<LtrOptions>) => run(ltr({ ...options, learningRate: 0.05, ...over })[0]!);

  it.each([
    [0, 0],
    [1, STEPS_PER_EPOCH],
    [3, 3 * STEPS_PER_EPOCH],
  ])('rewound to epoch %i, a round begins with the values of step %i under its mask', async (rewindEpoch, step) => {
    const [plan] = ltr({ ...options, rewindEpoch, roundShare: 0.5 });
    const still = { ...plan!, phases: plan!.phases.map((phase, i) => (i === 0 ? phase : { ...phase, learningRate: 0 })) };
    const controller = new AbortController();
    controller.abort();
    const start = (await collect(train(smallRun({ plan: still, signal: controller.signal })))).events;
    const events = await run(still);
    const early = (step === 0 ? statesOf(start)[0]! : statesOf(events).find((state) => state.step === step)!).model;
    for (const [round, live] of [
      [1, 56],
      [2, 28],
    ] as const) {
      const { topology, values } = modelAt(events, (round + 1) * 15 - 1);
      expect(values.get('fc1.weight')!.length + values.get('fc2.weight')!.length).toBe(live);
      for (const [param, found] of values) {
        const dense = early.values.get(param)!;
        expect(found, `${param} in round ${round}`).toEqual(
          topology.has(param) ? Float32Array.from(topology.get(param)!.live, (position) => dense[position]!) : dense,
        );
      }
    }
  });

  it('prunes what the round before has trained', async () => {
    const events = await rounds({ roundShare: 0.5 });
    const [first, second] = [modelAt(events, 30), modelAt(events, 31)];
    const magnitudes = (which: (lives: boolean) => boolean) =>
      [...first.topology].flatMap(([param, { live }]) => {
        const left = second.topology.get(param)!.live;
        return [...live].flatMap((position, k) => (which(left.includes(position)) ? [Math.abs(first.values.get(param)![k]!)] : []));
      });
    expect(Math.min(...magnitudes((lives) => lives))).toBeGreaterThanOrEqual(Math.max(...magnitudes((lives) => !lives)));
    expect(counts(second).reduce((a, b) => a! + b!)).toBe(28);
    expect(ofType(events, 'rewired').map(({ step, fraction }) => [step, fraction])).toEqual([
      [15, 0.5],
      [30, 0.5],
    ]);
  });

  it('keeps the early values for as long as a round will ask for them', async () => {
    const states = statesOf(await rounds({ roundShare: 0.5, rewindEpoch: 1 }));
    for (const { step, early } of states) expect(early !== undefined, `step ${step}`).toBe(step >= 5 && step <= 30);
  });
});

describe('tickets of cycles', () => {
  it.each<[string, Plan, number[]]>([
    ['snapshot', snapshot({ tickets: 3, epochs: 6, batchSize: 5 }), [10, 20, 30]],
    ['fge', fge({ tickets: 2, epochs: 5, batchSize: 5 }), [25, 35]],
  ])('%s: they are the states of the steps at which the rate is lowest', async (_, plan, steps) => {
    const events = await run(plan);
    const tickets = ofType(events, 'ticket');
    expect(tickets.map(({ state }) => state.step)).toEqual(steps);
    for (const { state } of tickets) expect(state.values).toEqual(modelAt(events, state.step).values);
    expect(statesOf(events).at(-1)!.model.momentum, 'the optimizer goes on').toBeDefined();
    expect(modelAt(events, steps[0]! + 1).step).toBe(steps[0]! + 1);
  });
});

describe('what they cost', () => {
  // Forward 2 (w + 24) operations for w live weights of 112 beside the dense layer; three passes; 22 samples.
  const epoch = (live: number) => 3 * 2 * (live + 24) * 22;
  const forward = (live: number) => 2 * (live + 24);
  it.each<[string, Plan, number, number]>([
    ['pf', pf(options)[0]!, 3 * epoch(112) + 3 * epoch(28), forward(28)],
    ['one-shot', oneShot(options)[0]!, 3 * epoch(112), forward(28)],
    ['ltr', ltr(options)[0]!, 3 * epoch(112) + 3 * epoch(28), forward(28)],
    ['ltr in rounds', ltr({ ...options, roundShare: 0.5 })[0]!, 3 * (epoch(112) + epoch(56) + epoch(28)), forward(28)],
    ['snapshot', snapshot({ tickets: 3, epochs: 6 }), 6 * epoch(112), 3 * forward(112)],
    ['fge', fge({ tickets: 2, epochs: 5 }), 7 * epoch(112), 2 * forward(112)],
  ])('%s', (_, plan, training, inference) => {
    const cost = planCost(smallNet, plan, 22);
    expect([cost.trainingFlops, cost.inferenceFlops]).toEqual([training, inference]);
    expect(cost.trainingVersusDense).toBeCloseTo(training / (plan.denseEpochs * epoch(112)), 12);
  });
});

describe('a run from a model', () => {
  const source = async () => (await collect(train(smallRun()))).tickets[0]!; // half of its weights dead
  const still = (plan: Plan) => ({
    ...plan,
    phases: plan.phases.map((phase) => ({ ...phase, learningRate: 0, rewiring: 'frozen' as const })),
  });
  const half = still({ ...edst({ tickets: 1, sparsity: 0.5, exploreEpochs: 1, refineEpochs: 1, batchSize: 5 }) });

  it('starts with its values and topology and without its optimizer', async () => {
    const from = await source();
    const { events } = await collect(train(smallRun({ plan: half, from, seed: 99 })));
    const { model } = ofType(events, 'checkpoint').at(-1)!.state;
    expect(model.topology).toEqual(from.topology);
    expect(model.values).toEqual(from.values);
    expect(model.step).toBe(2 * STEPS_PER_EPOCH);
  });

  it('goes on from a checkpoint without being asked for it again', async () => {
    const run = smallRun({ from: await source(), checkpointEvery: 1 });
    const whole = (await collect(train(run))).events;
    const { from: _, ...without } = run;
    const resume = statesOf(whole)[6]!;
    const rest = (await collect(train({ ...without, resume }))).events;
    expect(ofType(rest, 'ticket').at(-1)!.state).toEqual(ofType(whole, 'ticket').at(-1)!.state);
  });

  it('is refused where the model is of another network, or of another sparsity than the plan starts with', async () => {
    const from = await source();
    const refused = async (over: Parameters<typeof smallRun>[0], message: string) =>
      expect(collect(train(smallRun({ from, ...over })))).rejects.toThrow(message);
    const nodes = from.spec.nodes.map((node) => (node.id === 'relu2' ? ({ ...node, op: 'dropout', rate: 0.1 } as const) : node));
    await refused(
      { from: { ...from, spec: { ...from.spec, nodes } } },
      'from: expected a model of small, received "small". They differ in the node relu2',
    );
    await refused(
      { plan: pf(options)[0]! },
      'from: expected a model of sparsity 0, with which the method pf starts, received 0.5. Sparse models go with static, dst and edst',
    );
    await refused(
      { plan: edst({ tickets: 1, sparsity: 0.9, exploreEpochs: 1, refineEpochs: 1, batchSize: 5 }) },
      'from: expected a model of sparsity 0.9, with which the method edst starts, received 0.5. A model can be pruned as it is imported',
    );
    await refused({ plan: { ...half, ratios: 'snip' } }, 'plan.ratios: expected none beside a model to start from');
  });
});
