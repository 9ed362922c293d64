/**
 * Acceptance 7: every step of a run against the published code. The trainer itself runs the whole plan, on an engine that learns nothing; its
 * learning rates, mask updates, escapes and tickets are compared with `published-code.ts`, one by one.
 */
import { dst, edst, type Plan, PROFILES, type TrainEvent, train } from '@freetickets/dst-trainer';
import { network, rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { blankSource, type Heard, listeningEngine } from './listening-engine.ts';
import { type Course, dstCourse, edstCourse, STEPS_PER_EPOCH, type Validation } from './published-code.ts';

const net = network({
  version: 1,
  name: 'small',
  input: { shape: [12] },
  nodes: [
    { id: 'fc1', op: 'linear', from: ['input'], out: 10 },
    { id: 'relu', op: 'relu', from: ['fc1'] },
    { id: 'fc2', op: 'linear', from: ['relu'], out: 2, dense: true },
  ],
  output: 'fc2',
});

/** Below 50 while exploring and from 50 on after it; many epochs share their accuracy, of which the first counts. */
const validation =
  (explore: number): Validation =>
  (epoch) =>
    rng(3).stream('validation', epoch).below(50) + (epoch > explore ? 50 : 1);

interface Run {
  readonly course: Course;
  /** Steps whose dense gradient was asked for. */
  readonly gradients: readonly number[];
  readonly rewirings: readonly Extract<TrainEvent, { type: 'rewired' }>[];
}

async function followed(plan: Plan, valid: Validation): Promise<Run> {
  const heard: Heard = { rates: [], gradients: [] };
  const engine = listeningEngine(heard, (steps) => valid(steps / STEPS_PER_EPOCH));
  const happenings: string[] = [];
  const rewirings: Run['rewirings'][number][] = [];
  const data = { train: blankSource(45_000, net), valid: blankSource(100, net) };
  for await (const event of train({ network: net, plan, data, engine, seed: 17 })) {
    if (event.type === 'epoch') happenings.push(`end of epoch ${event.epoch}`);
    if (event.type === 'ticket') happenings.push(`ticket ${event.index} is epoch ${event.epoch}`);
    if (event.type !== 'rewired') continue;
    const { cause, fraction, step } = event;
    happenings.push(`${cause === 'escape' ? 'escape' : 'update'} of ${Number(fraction.toFixed(6))} at step ${step}`);
    rewirings.push(event);
  }
  return { course: { rates: heard.rates, happenings }, gradients: heard.gradients, rewirings };
}

function expectSame(found: Course, published: Course): void {
  expect(found.rates.length).toBe(published.rates.length);
  expect(found.rates.findIndex((rate, i) => rate !== published.rates[i])).toBe(-1);
  expect(found.happenings).toEqual(published.happenings);
}

const count = ({ happenings }: Course, kind: string) => happenings.filter((line) => line.startsWith(kind)).length;

// The table in docs/reproduction.md: E_0, M, E, steps; then updates and escapes of each profile.
const EDST = [
  [150, 3, 450, 158_400, { ref: 158, clean: 157 }, 2],
  [150, 7, 850, 299_200, { ref: 299, clean: 297 }, 6],
  [10, 3, 30, 10_560, { ref: 10, clean: 10 }, 2],
] as const;

describe.each(EDST)('acceptance 7: EDST, %i + %i tickets, %i epochs, %i steps', (explore, tickets, total, steps, updates, escapes) => {
  it.each(['ref', 'clean'] as const)(
    'the profile %s is the listing, step by step',
    async (version) => {
      const refineEpochs = (total - explore) / tickets;
      const plan = edst({ tickets, sparsity: 0.5, exploreEpochs: explore, refineEpochs, profile: PROFILES[version] });
      const { course, gradients, rewirings } = await followed(plan, validation(explore));
      expectSame(course, edstCourse(explore, tickets, total, version, validation(explore)));
      expect([course.rates.length, count(course, 'update'), count(course, 'escape')]).toEqual([steps, updates[version], escapes]);
      expect(gradients).toEqual([...new Set(rewirings.map(({ step }) => step))]);
      for (const { layers, fraction } of rewirings)
        for (const { live, liveAfter, dropped } of layers) {
          expect(liveAfter).toBe(live);
          expect(dropped).toBeGreaterThanOrEqual(Math.ceil(fraction * live)); // more go in `ref` where the last of them ties
          if (version === 'clean') expect(dropped).toBe(Math.ceil(fraction * live));
        }
    },
    300_000,
  );
});

it.each([
  ['ref', 88],
  ['clean', 87],
] as const)(
  'acceptance 7: DST, 250 epochs of 352 steps, the profile %s is the listing, with %i updates',
  async (version, updates) => {
    const [plan] = dst({ tickets: 1, sparsity: 0.5, epochs: 250, profile: PROFILES[version] });
    const { course } = await followed(plan!, validation(0));
    expectSame(course, dstCourse(250, version, validation(0)));
    expect(count(course, 'update')).toBe(updates);
  },
  300_000,
);

describe('acceptance 7: the listing', () => {
  const course = edstCourse(10, 3, 30, 'ref', validation(10));
  const epochsWhere = (holds: (epoch: number) => boolean) => Array.from({ length: 29 }, (_, k) => k + 1).filter(holds);

  it('is the worked case of (10, 3, 30): explorations at the ends of 17 and 24, drops at 14, 20 and 27', () => {
    const rateAfter = (epoch: number) => course.rates[epoch * STEPS_PER_EPOCH]!;
    expect(epochsWhere((epoch) => rateAfter(epoch) === 0.001 && rateAfter(epoch - 1) === 0.01)).toEqual([14, 20, 27]);
    expect(course.happenings.filter((line) => line.startsWith('escape'))).toEqual([
      `escape of 0.8 at step ${17 * STEPS_PER_EPOCH}`,
      `escape of 0.8 at step ${24 * STEPS_PER_EPOCH}`,
    ]);
  });

  it('has the rates of the table of 150 + 3 x 100 epochs', () => {
    const { rates } = edstCourse(150, 3, 450, 'ref', validation(150));
    const table = [
      [1, 150, 0.1],
      ...[0, 1, 2].flatMap((j) => [
        [151 + 100 * j, 200 + 100 * j, 0.01],
        [201 + 100 * j, 250 + 100 * j, 0.001],
      ]),
    ];
    for (const [from, to, rate] of table as [number, number, number][])
      expect(new Set(rates.slice((from - 1) * STEPS_PER_EPOCH, to * STEPS_PER_EPOCH))).toEqual(new Set([rate]));
  });
});
