/** What holds for every rule in every combination, checked on whole runs, event by event. */
import { applyDelta, type ModelState, type Topology } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { bytesOf, collect, lastState, ofType, smallPlan, smallRun } from '../test/small-run.ts';
import type { TrainEvent } from './events.ts';
import type { EdstOptions } from './plans/edst.ts';
import { REF } from './profile.ts';
import { DROP_RULES, GROW_RULES, REDISTRIBUTIONS } from './rules/registry.ts';
import { train } from './train.ts';

type Names<T> = (keyof T)[];
const drops = Object.keys(DROP_RULES) as Names<typeof DROP_RULES>;
const grows = Object.keys(GROW_RULES) as Names<typeof GROW_RULES>;
const redistributions = Object.keys(REDISTRIBUTIONS) as Names<typeof REDISTRIBUTIONS>;

const optionsOf = (drop: (typeof drops)[number], grow: (typeof grows)[number]): Partial<EdstOptions> => ({
  rewiring: { every: 3, drop: DROP_RULES[drop]({ threshold: 0.1 }), grow: GROW_RULES[grow]() },
});

const run = async (options: Partial<EdstOptions>) =>
  (await collect(train(smallRun({ plan: smallPlan({ momentum: 0.5, ...options }), checkpointEvery: 1 })))).events;

const counts = (topology: Topology) => [...topology].map(([param, { live }]) => [param, live.length] as const);
const total = (topology: Topology) => counts(topology).reduce((sum, [, count]) => sum + count, 0);

/** Every change is of live weights to dead ones of sparse layers, and the model has it; gives the topologies in order. */
function checkedTopologies(events: readonly TrainEvent[]): Topology[] {
  const models: ModelState[] = [];
  let before: Topology | undefined;
  for (const event of events) {
    if (event.type === 'rewired') {
      const after = new Map(before!);
      for (const [i, delta] of event.deltas.entries()) {
        expect(delta.param).not.toBe('fc3.weight'); // dense by its spec
        const layer = after.get(delta.param)!;
        const changed = applyDelta(layer, delta); // throws for a position twice, a dropped dead one or a grown live one
        expect([event.layers[i]!.live, event.layers[i]!.liveAfter]).toEqual([layer.live.length, changed.live.length]);
        after.set(delta.param, changed);
      }
      before = after;
    }
    if (event.type === 'checkpoint') {
      const { model } = event.state;
      if (before) expect(model.topology).toEqual(before);
      before = model.topology;
      models.push(model);
    }
  }
  return models.map(({ topology }) => topology);
}

describe.each(drops)('drop rule %s', (drop) => {
  it.each(grows)('with growth %s keeps every live count, and repeats itself', async (grow) => {
    const events = await run(optionsOf(drop, grow));
    const topologies = checkedTopologies(events);
    for (const topology of topologies) expect(counts(topology)).toEqual(counts(topologies[0]!));
    expect(ofType(events, 'rewired').some(({ deltas }) => deltas.some(({ grown }) => grown.length > 0))).toBe(true);
    expect(bytesOf(lastState(await run(optionsOf(drop, grow))))).toEqual(bytesOf(lastState(events)));
    const rates = ofType(events, 'rewired').map(({ exploration }) => exploration);
    expect([...rates].sort((a, b) => a - b)).toEqual(rates);
  });
});

describe.each(redistributions)('redistribution %s', (name) => {
  it.each(grows)('with growth %s keeps the total of live weights', async (grow) => {
    const redistribute = REDISTRIBUTIONS[name]();
    const { rewiring } = optionsOf('magnitude', grow);
    const events = await run({ rewiring: { ...rewiring, ...(redistribute && { redistribute }) } });
    const topologies = checkedTopologies(events);
    for (const topology of topologies) expect(total(topology)).toBe(total(topologies[0]!));
    // Equal shares drop everywhere, so by the number of live weights each layer gets back what it lost.
    const moved = topologies.some((topology) => String(counts(topology)) !== String(counts(topologies[0]!)));
    expect(moved).toBe(name === 'momentum' || name === 'magnitude');
  });
});

describe('structures', () => {
  it.each(grows.filter((grow) => grow !== 'momentum-per-neuron'))('with growth %s: a constant fan-in stays one', async (grow) => {
    const topologies = checkedTopologies(await run({ ...optionsOf('magnitude', grow), structure: { kind: 'fan-in' } }));
    for (const topology of topologies)
      for (const [, { live, shape }] of topology) {
        const inputs = shape[1]!;
        const perUnit = Array.from({ length: shape[0]! }, (_, unit) => live.filter((at) => Math.floor(at / inputs) === unit).length);
        expect(new Set(perUnit).size).toBe(1);
      }
    expect(new Set(topologies.map((topology) => String(topology.get('fc2.weight')!.live))).size).toBeGreaterThan(1);
  });

  it.each(drops)('with drop %s: one of two stays one of two', async (drop) => {
    const topologies = checkedTopologies(await run({ ...optionsOf(drop, 'gradient'), structure: { kind: 'n-of-m', live: 1, of: 2 } }));
    for (const topology of topologies)
      for (const [, { live, shape }] of topology) {
        const groups = Array.from(live, (at) => Math.floor(at / 2));
        expect(groups).toEqual(Array.from({ length: (shape[0]! * shape[1]!) / 2 }, (_, group) => group));
      }
    expect(new Set(topologies.map((topology) => String(topology.get('fc2.weight')!.live))).size).toBeGreaterThan(1);
  });
});

describe('the profile ref', () => {
  it('keeps live counts with gradient growth, and lets them walk with random growth', async () => {
    const exact = checkedTopologies(await run({ ...optionsOf('magnitude', 'gradient'), profile: REF }));
    for (const topology of exact) expect(counts(topology)).toEqual(counts(exact[0]!));
    const walking = checkedTopologies(await run({ ...optionsOf('magnitude', 'random'), profile: REF }));
    expect(new Set(walking.map((topology) => String(counts(topology)))).size).toBeGreaterThan(1);
  });
});
