/** Networks that members share, trained by a real engine: what comes of it as tickets, and that a run goes on where it stopped. */
import { generated, sourceOf, splitValidation } from '@freetickets/datasets';
import { encodeCheckpoint, ONE_PASS, type OnePass, onePassPlan, type TrainEvent, type TrainRun, train } from '@freetickets/dst-trainer';
import { referenceEngine } from '@freetickets/engine-sparse';
import { openEnsemble } from '@freetickets/ensemble';
import { encodeTicket, type ModelState, modelByName, network } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';

const set = generated({ size: 8, train: 40, test: 10 });
const { train: samples, validation } = splitValidation(set.train, 0.2);
const data = { train: sourceOf(samples, { dataset: set }), valid: sourceOf(validation, { dataset: set }) };
const engine = referenceEngine();

const FORMS: Readonly<Record<OnePass['kind'], OnePass>> = {
  'mc-dropout': { kind: 'mc-dropout', rate: 0.2, passes: 3 },
  'batch-ensemble': { kind: 'batch-ensemble', members: 3 },
  mimo: { kind: 'mimo', members: 3, repetitions: 2, sameInput: 0.5 },
  treenet: { kind: 'treenet', members: 3 },
};

const runOf = (kind: OnePass['kind'], base: 'dense' | 'dst', over: Partial<TrainRun> = {}): TrainRun => ({
  network: network(modelByName('lenet-300-100', { input: set.shape, classes: set.classes.length })),
  plan: onePassPlan(FORMS[kind], { sparsity: 0.8, epochs: 2, batchSize: 12, learningRate: 0.02, base, rewiring: { every: 3 } }),
  data,
  engine,
  seed: 3,
  checkpointEvery: 5,
  ...over,
});

async function eventsOf(run: TrainRun): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of train(run)) events.push(event);
  return events;
}

const ticketsIn = (events: readonly TrainEvent[]): ModelState[] =>
  events.flatMap((event) => (event.type === 'ticket' ? [event.state] : []));

describe.each(ONE_PASS)('%s', (kind) => {
  it('hands out tickets of plain pictures that score as the trained network did on the validation part', async () => {
    const events = await eventsOf(runOf(kind, 'dense'));
    const tickets = ticketsIn(events);
    expect(tickets).toHaveLength(kind === 'batch-ensemble' ? 3 : 1);
    await using ensemble = await openEnsemble(tickets, { engine });
    let right = 0;
    for (const { images, labels, size } of data.valid.batches({ batchSize: 50 })) {
      const { probs, members, classes } = await ensemble.predict(images, size);
      expect(members).toBe(kind === 'mc-dropout' ? 1 : 3);
      labels.forEach((label, n) => {
        const row = probs.subarray(n * classes, (n + 1) * classes);
        if (row.indexOf(Math.max(...row)) === label) right++;
      });
    }
    const told = events.findLast((event) => event.type === 'ticket');
    expect(right / data.valid.size).toBeCloseTo(told!.type === 'ticket' ? told!.validAccuracy! : Number.NaN, 12);
  });

  it('with dst goes on from a checkpoint to the same bytes', async () => {
    const whole = await eventsOf(runOf(kind, 'dst'));
    expect(whole.some(({ type }) => type === 'rewired')).toBe(true);
    const checkpoints = whole.flatMap((event) => (event.type === 'checkpoint' ? [event.state] : []));
    const resumed = await eventsOf(runOf(kind, 'dst', { resume: checkpoints[1]! }));
    expect(ticketsIn(resumed).map((state) => encodeTicket(state))).toEqual(ticketsIn(whole).map((state) => encodeTicket(state)));
    const last = resumed.flatMap((event) => (event.type === 'checkpoint' ? [event.state] : [])).at(-1)!;
    const bytes = (state: typeof last) => encodeCheckpoint({ ...state, elapsedSeconds: 0 });
    expect(bytes(last)).toEqual(bytes(checkpoints.at(-1)!));
  });
});

it('every pass with dropout is a member, and passes repeat', async () => {
  const tickets = ticketsIn(await eventsOf(runOf('mc-dropout', 'dense')));
  await using ensemble = await openEnsemble(tickets, { engine, passes: 3 });
  const [batch] = data.valid.batches({ batchSize: 5 });
  const [first, again] = [await ensemble.predict(batch!.images, 5), await ensemble.predict(batch!.images, 5)];
  expect(first.members).toBe(3);
  expect(again).toEqual(first);
  const size = 5 * first.classes;
  expect(first.memberProbs.subarray(0, size)).not.toEqual(first.memberProbs.subarray(size, 2 * size));
});
