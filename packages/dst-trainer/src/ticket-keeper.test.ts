import type { ModelState, ParamName } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { bytesOf, collect, lastState, ofType, smallNet, smallPlan, smallRun, story } from '../test/small-run.ts';
import { decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import { evaluate } from './evaluate.ts';
import type { TrainEvent } from './events.ts';
import { dst } from './plans/dst.ts';
import { edst } from './plans/edst.ts';
import { gmp } from './plans/gmp.ts';
import type { Averaging } from './plans/plan.ts';
import { REF } from './profile.ts';
import { type TrainRun, train } from './train.ts';

const oneRun = { tickets: 1, sparsity: 0.6, epochs: 6, batchSize: 5 };

/** Everything that follows from each checkpoint of a run is what followed in the run itself. */
async function expectSameFromEveryCheckpoint(run: TrainRun): Promise<void> {
  const whole = await collect(train({ ...run, checkpointEvery: 1 }));
  for (const checkpoint of ofType(whole.events, 'checkpoint').slice(0, -1)) {
    const told = whole.events.slice(0, whole.events.indexOf(checkpoint));
    const resume = decodeCheckpoint(encodeCheckpoint(checkpoint.state), 'run.checkpoint').state;
    expect(resume).toEqual(checkpoint.state);
    const rest = await collect(train({ ...run, resume }));
    expect(story([...told, ...rest.events]), `from step ${resume.step}`).toEqual(story(whole.events));
    expect(bytesOf(lastState(rest.events))).toEqual(bytesOf(lastState(whole.events)));
  }
}

describe('averages', () => {
  /** By position: the values since the weight came alive, at the checkpoints of a run that has one after every step wanted. */
  function livesOf(events: readonly TrainEvent[], wanted: (step: number) => boolean): Map<ParamName, number[][]> {
    const lives = new Map([...smallNet.params].map(([param, { size }]) => [param, Array.from({ length: size }, (): number[] => [])]));
    for (const event of events) {
      if (event.type === 'rewired') for (const { param, dropped } of event.deltas) for (const i of dropped) lives.get(param)![i] = [];
      if (event.type !== 'checkpoint' || !wanted(event.state.step)) continue;
      const { topology, values } = event.state.model;
      for (const [param, array] of values) {
        const live = topology.get(param)?.live;
        for (const [i, value] of array.entries()) lives.get(param)![live ? live[i]! : i]!.push(value);
      }
    }
    return lives;
  }

  function expectMeans({ values, topology }: ModelState, lives: Map<ParamName, number[][]>, meanOf: (life: number[]) => number): void {
    for (const [param, array] of values) {
      const live = topology.get(param)?.live;
      for (const [i, value] of array.entries()) {
        const life = lives.get(param)![live ? live[i]! : i]!;
        expect(Math.abs(value - meanOf(life)), `${param}[${i}]`).toBeLessThan(1e-6);
      }
    }
  }

  const planWith = (averaging: Averaging) => dst({ ...oneRun, averaging, rewiring: { every: 3 } })[0]!;
  const run = (averaging: Averaging) => collect(train(smallRun({ plan: planWith(averaging), checkpointEvery: 1 })));

  it('swa: each weight is the mean of the ends of the epochs since it came alive', async () => {
    const { events, tickets } = await run({ kind: 'swa', from: 0.3 });
    const lives = livesOf(events, (step) => step > 0.3 * 30 && step % 5 === 0);
    expect(new Set([...lives.values()].flat().map(({ length }) => length)).size, 'weights of many ages').toBeGreaterThan(3);
    expectMeans(tickets[0]!, lives, (life) => life.reduce((sum, value) => sum + value, 0) / life.length);
    expect(tickets[0]!.topology).toEqual(lastState(events).model.topology);
  });

  it('ema: each weight is averaged exponentially over the steps since it came alive', async () => {
    const { events, tickets } = await run({ kind: 'ema', decay: 0.9 });
    expectMeans(
      tickets[0]!,
      livesOf(events, () => true),
      ([first = 0, ...others]) => others.reduce((mean, value) => 0.9 * mean + 0.1 * value, first),
    );
  });

  it('are handed out at the end of a phase, with their own validation accuracy and no momentum', async () => {
    const { engine, data } = smallRun();
    const { events } = await run({ kind: 'swa' });
    const [ticket] = ofType(events, 'ticket');
    expect(ticket).toMatchObject({ epoch: 6 });
    expect(ticket!.state).not.toHaveProperty('momentum');
    await using session = await engine.open(smallNet, ticket!.state, { batchSize: 5 });
    const valid = await evaluate(session, data.valid!, 5, async () => true);
    expect(ticket!.validAccuracy).toBe(valid!.accuracy);
  });

  it('begin anew with every ticket', async () => {
    const averaging: Averaging = { kind: 'swa', from: 0 };
    const { events, tickets } = await collect(train(smallRun({ plan: smallPlan({ averaging, rewiring: { every: 1000 } }) })));
    const ends = ofType(events, 'checkpoint').slice(-2); // of the two epochs of refine 2
    const [one, two] = ends.map(({ state }) => state.model.values.get('fc3.bias')!);
    for (const [i, value] of tickets[1]!.values.get('fc3.bias')!.entries()) expect(value).toBeCloseTo((one![i]! + two![i]!) / 2, 6);
  });

  it.each<[string, TrainRun['plan']]>([
    ['swa with rewirings and escapes', smallPlan({ averaging: { kind: 'swa', from: 0 }, rewiring: { every: 3 } })],
    ['an ema', smallPlan({ averaging: { kind: 'ema', decay: 0.997 } })],
    ['an ema in the profile ref', smallPlan({ averaging: { kind: 'ema', decay: 0.9 }, profile: REF, rewiring: { every: 5 } })],
    ['swa while weights are pruned', gmp({ ...oneRun, averaging: { kind: 'swa', from: 0.2 }, pruning: { every: 2 } })[0]!],
    ['adamw, its second moments', smallPlan({ optimizer: 'adamw', averaging: { kind: 'ema', decay: 0.5 } })],
  ])('goes on byte for byte from every checkpoint: %s', (_, plan) => expectSameFromEveryCheckpoint(smallRun({ plan })));

  it.each<[Averaging, string]>([
    [{ kind: 'ema', decay: 1 }, 'plan.averaging.decay: expected a number between 0 and 1, received 1'],
    [{ kind: 'swa', from: 1 }, 'plan.averaging.from: expected a share from 0 to below 1, received 1'],
  ])('%j is refused', (averaging, message) => expect(() => planWith(averaging)).toThrow(message));
});

describe('patience', () => {
  /** Learns so little that the accuracy changes by escapes only; refines 5 epochs for each of two tickets. */
  const plan = edst({
    tickets: 2,
    sparsity: 0.5,
    exploreEpochs: 2,
    refineEpochs: 5,
    batchSize: 5,
    learningRate: 1e-7,
    patience: 2,
    rewiring: { every: 1000 },
  });

  it('ends the phase of a ticket after so many epochs without a better one; numbers go on as planned', async () => {
    const { events, tickets } = await collect(train(smallRun({ plan })));
    const told = events.flatMap((event): (string | number)[] => {
      if (event.type === 'phase') return [`${event.phase} after step ${event.step}`];
      if (event.type === 'epoch') return [event.epoch];
      if (event.type === 'stopped') return [`stopped after ${event.epoch} of ${event.planned}`];
      return event.type === 'ticket' ? [`ticket of epoch ${event.epoch}`] : [];
    });
    expect(told).toEqual([
      'explore after step 0',
      1,
      2,
      'refine 1 after step 10',
      3,
      4,
      5,
      'stopped after 5 of 7',
      'ticket of epoch 3',
      'refine 2 after step 35',
      8,
      9,
      10,
      'stopped after 10 of 12',
      'ticket of epoch 8',
    ]);
    const stopped = ofType(events, 'stopped').map(({ validAccuracy }) => validAccuracy);
    expect(stopped).toEqual(ofType(events, 'ticket').map(({ validAccuracy }) => validAccuracy));
    expect(lastState(events)).toMatchObject({ step: 60, phase: 3, epoch: 0, batch: 0 });
    expect(lastState(events).model.step, 'steps that were taken').toBe(8 * 5);
    expect(tickets).toHaveLength(2);
  });

  it('goes on byte for byte from every checkpoint, with and without averages, best tickets and last ones', async () => {
    await expectSameFromEveryCheckpoint(smallRun({ plan }));
    await expectSameFromEveryCheckpoint(smallRun({ plan: { ...plan, averaging: { kind: 'swa' } } }));
    const last = { ...plan, phases: plan.phases.map((phase) => (phase.ticket ? { ...phase, ticket: 'last' as const } : phase)) };
    await expectSameFromEveryCheckpoint(smallRun({ plan: last }));
    const { events } = await collect(train(smallRun({ plan: last })));
    expect(ofType(events, 'ticket').map(({ epoch }) => epoch)).toEqual([5, 10]);
  });

  it('does not end what still improves or is over anyway', async () => {
    const { events } = await collect(train(smallRun({ plan: { ...plan, patience: 4 } })));
    expect(ofType(events, 'stopped')).toEqual([]); // four epochs without a better one are over with the fifth, the last
  });

  it('does not count epochs of pruning', async () => {
    const [pruned] = gmp({ ...oneRun, pruneEpochs: 4, learningRate: 1e-7, patience: 1, pruning: { every: 2 } });
    const { events } = await collect(train(smallRun({ plan: pruned! })));
    expect(ofType(events, 'epoch').map(({ epoch }) => epoch)).toEqual(expect.arrayContaining([1, 2, 3, 4, 5]));
  });

  it('is refused without validation data, and in the profile ref', async () => {
    const { data } = smallRun();
    await expect(collect(train(smallRun({ plan, data: { train: data.train } })))).rejects.toThrow(
      'plan.patience: expected none without validation data, received 2',
    );
    expect(() => smallPlan({ patience: 2, profile: REF })).toThrow('plan.patience: expected none in the profile ref, received 2');
    expect(() => smallPlan({ patience: 0 })).toThrow('plan.patience: expected a whole number of at least 1, received 0');
  });
});
