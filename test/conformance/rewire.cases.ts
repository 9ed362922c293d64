/** Changing which weights live: PyTorch's run with three rewirings, and what holds for any change. */
import { applyDelta, type ModelState, type ParamName, type TopologyDelta } from '@freetickets/sparse-core';
import { describe, expect } from 'vitest';
import { bits, expectClose, stateBits } from './compare.ts';
import { readGolden } from './golden.ts';
import { type MakeEngine, openGolden, promise, type Skips, stepOptions, train } from './sessions.ts';

const BOUND = 1e-4;

export function rewireCases(makeEngine: MakeEngine, skips: Skips): void {
  const golden = readGolden('rewire');
  const { rewirings = 0, every = 1 } = golden;
  const steps = golden.learningRates.length;
  const sparse = [...golden.state.topology.keys()];

  describe('rewiring', () => {
    promise(
      skips,
      'rewire',
      `a run with ${rewirings} rewirings matches PyTorch: losses, dense gradients, values, momentum, logits within ${BOUND}`,
      async () => {
        await using session = await openGolden(await makeEngine(), golden);
        const losses: number[] = [];
        for (let step = 0; step < steps; step++) {
          const rewiring = (step + 1) % every === 0 && (step + 1) / every <= rewirings ? (step + 1) / every : undefined;
          const { loss } = await session.trainStep(golden.batch(step), {
            ...stepOptions(golden, step),
            ...(rewiring && { keep: ['gradient'] }),
          });
          losses.push(loss);
          if (rewiring === undefined) continue;
          for (const param of sparse)
            expectClose(
              await session.signal(param, 'gradient'),
              golden.floats(`rewiring${rewiring}/gradient/${param}`),
              BOUND,
              `signal ${rewiring} of ${param}`,
            );
          await session.rewire(golden.deltas(rewiring));
        }
        expectClose(losses, golden.floats('losses'), BOUND, 'losses');
        const { topology, values, momentum } = await session.snapshot();
        const mask = new Map(sparse.map((param) => [param, applyAll(golden.state, param, rewirings)]));
        for (const param of sparse) expect(Array.from(topology.get(param)!.live)).toEqual(Array.from(mask.get(param)!));
        for (const [param] of golden.network.params)
          expectClose(values.get(param)!, golden.stored(`final/${param}`, param, topology), BOUND, `value of ${param}`);
        for (const [param, buffer] of momentum!)
          expectClose(buffer, golden.stored(`momentum/${param}`, param, topology), BOUND, `momentum of ${param}`);
        const { images, size } = golden.evaluation;
        expectClose(await session.predict(images, size), golden.floats('logits_eval'), BOUND, 'logits');
      },
    );

    /** The topology that the file's deltas lead to. */
    function applyAll(state: ModelState, param: ParamName, count: number): Uint32Array {
      let layer = state.topology.get(param)!;
      for (let rewiring = 1; rewiring <= count; rewiring++)
        layer = applyDelta(layer, golden.deltas(rewiring).find((delta) => delta.param === param)!);
      return layer.live;
    }

    for (const share of [0.3, 0.8])
      promise(
        skips,
        'rewire',
        `exchanging ${100 * share} % keeps the live count; survivors keep value and momentum, grown ones start at 0`,
        async () => {
          await using session = await openGolden(await makeEngine(), golden);
          await train(session, golden, 3);
          const before = await session.snapshot();
          const deltas = exchange(before, share);
          await session.rewire(deltas);
          const after = await session.snapshot();
          for (const delta of deltas) {
            const expected = applyDelta(before.topology.get(delta.param)!, delta).live;
            expect(Array.from(after.topology.get(delta.param)!.live)).toEqual(Array.from(expected));
            expect(expected.length).toBe(before.topology.get(delta.param)!.live.length);
            for (const part of ['values', 'momentum'] as const) {
              const old = byPosition(before, part, delta.param);
              const truth = Float32Array.from(expected, (position) => old.get(position) ?? 0);
              expect(bits(after[part]!.get(delta.param)!), `${part} of ${delta.param}`).toEqual(bits(truth));
            }
          }
          const untouched = [...before.values.keys()].filter((param) => !before.topology.has(param));
          for (const param of untouched) expect(bits(after.values.get(param)!), param).toEqual(bits(before.values.get(param)!));
        },
      );

    promise(skips, 'rewire', 'a rewired session goes on bit for bit like one opened from its snapshot', async () => {
      const engine = await makeEngine();
      await using session = await openGolden(engine, golden);
      await train(session, golden, 3);
      await session.rewire(exchange(await session.snapshot(), 0.5));
      const { batchSize, optimizer } = golden;
      await using other = await engine.open(golden.network, await session.snapshot(), {
        batchSize,
        optimizer,
        signals: ['gradient'],
        threads: 2,
      });
      const { images, size } = golden.evaluation;
      expect(bits(await session.predict(images, size))).toEqual(bits(await other.predict(images, size)));
      expect(await train(session, golden, 8, 3)).toEqual(await train(other, golden, 8, 3));
      expect(stateBits(await session.snapshot())).toEqual(stateBits(await other.snapshot()));
    });

    promise(skips, 'rewire', 'a weight that was dropped and grows again later starts at 0 once more', async () => {
      await using session = await openGolden(await makeEngine(), golden);
      await train(session, golden, 3);
      const deltas = exchange(await session.snapshot(), 0.4);
      await session.rewire(deltas);
      await train(session, golden, 5, 3);
      await session.rewire(deltas.map(({ param, dropped, grown }) => ({ param, dropped: grown, grown: dropped })));
      const after = await session.snapshot();
      for (const { param, dropped } of deltas)
        for (const part of ['values', 'momentum'] as const) {
          const now = byPosition(after, part, param);
          expect(
            [...dropped].map((position) => now.get(position)),
            `${part} of ${param}`,
          ).toEqual([...dropped].map(() => 0));
        }
    });

    promise(skips, 'rewire', 'no delta, and a delta without positions, change nothing', async () => {
      await using session = await openGolden(await makeEngine(), golden);
      await train(session, golden, 2);
      const before = stateBits(await session.snapshot());
      await session.rewire([]);
      await session.rewire([{ param: sparse[0]!, dropped: new Uint32Array(), grown: new Uint32Array() }]);
      expect(stateBits(await session.snapshot())).toEqual(before);
    });
  });
}

/** Every k-th live weight of each sparse layer dies, the first dead ones come alive: about `share` of the live ones. */
export function exchange(state: ModelState, share: number): TopologyDelta[] {
  return [...state.topology].map(([param, { shape, live }]) => {
    const alive = new Set(live);
    const size = shape.reduce((a, b) => a * b, 1);
    const dead = Uint32Array.from({ length: size }, (_, position) => position).filter((position) => !alive.has(position));
    const count = Math.min(dead.length, Math.floor(share * live.length));
    const dropped = live.filter((_, k) => Math.floor(((k + 1) * count) / live.length) > Math.floor((k * count) / live.length));
    return { param, dropped, grown: dead.slice(0, count) };
  });
}

/** Values or momentum of a sparse weight by position. */
const byPosition = (state: ModelState, part: 'values' | 'momentum', param: ParamName): Map<number, number> =>
  new Map([...state.topology.get(param)!.live].map((position, k) => [position, state[part]!.get(param)![k]!]));
