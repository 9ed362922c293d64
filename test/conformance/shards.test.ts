/** Steps whose batches are computed in shards: PyTorch's steps where the shards do not show, the same bits whoever computes them. */

import { type Link, type ShardRequest, shardedEngine, shardServer, Team } from '@freetickets/dst-trainer';
import { nativeEngine, nativeStatus, referenceEngine, wasmEngine } from '@freetickets/engine-sparse';
import type { Engine, Session, ShardResult } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { expectClose, stateBits } from './compare.ts';
import { type Golden, goldenNames, readGolden } from './golden.ts';
import { openGolden, stepOptions, train } from './sessions.ts';
import { trainingCases } from './training.cases.ts';

const engines: readonly (readonly [name: string, make: () => Engine])[] = [
  ...nativeStatus()
    .variants.slice(0, 1)
    .map((variant) => [`native/${variant}`, () => nativeEngine({ variant })] as const),
  ['wasm', () => wasmEngine()],
  ['reference', () => referenceEngine()],
];

const has = (golden: Golden, ...ops: string[]) => golden.network.spec.nodes.some(({ op }) => ops.includes(op));
const without = goldenNames.filter((name) => !has(readGolden(name), 'batchNorm'));
/** Where dropout or members would tell a batch from a shard, other tests have to do. */
const normed = goldenNames.filter((name) => {
  const golden = readGolden(name);
  return golden.batchSize > 1 && has(golden, 'batchNorm') && !has(golden, 'dropout', 'memberScale');
});

describe.each(engines.slice(0, 1))('%s with batches in three shards, without batch norm', (_, make) => {
  for (const golden of without) trainingCases(golden, () => shardedEngine(make(), { shards: 3 }), {});
});

/** A helper in this process: the server of a real one, and messages cloned as they are on their way to it. */
function helper(engine: Engine, dies: { after: number } = { after: Number.POSITIVE_INFINITY }): Link {
  const serve = shardServer(engine, 1);
  let last: Promise<readonly ShardResult[]> = Promise.resolve([]);
  let asked = 0;
  return {
    ask(request: ShardRequest) {
      const copy = structuredClone(request);
      if (++asked > dies.after) return { sent: Promise.resolve(), answer: Promise.reject(new Error('dead')) };
      last = last.then(async () => structuredClone(await serve(copy)));
      return { sent: Promise.resolve(), answer: last };
    },
    close() {},
  };
}

const teamOf = (engine: Engine, helpers: number) => new Team({ helpers, start: () => helper(engine) });

/** Eight steps with a rewiring behind the fourth, which kept gradients. */
async function story(engine: Engine, golden: Golden) {
  await using session = await openGolden(engine, golden);
  const results = await train(session, golden, 3);
  results.push(await session.trainStep(golden.batch(3), { ...stepOptions(golden, 3), keep: ['gradient'], guard: {} }));
  const [param] = golden.state.topology.keys();
  const signal = (await session.signal(param!, 'gradient')).slice();
  const { live, shape } = golden.state.topology.get(param!)!;
  const dead = Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (__, i) => i).filter((i) => !live.includes(i));
  await session.rewire([{ param: param!, dropped: live.slice(0, 3), grown: Uint32Array.from(dead.slice(0, 3)) }]);
  results.push(...(await train(session, golden, 8, 4)));
  return { results, signal, state: stateBits(await session.snapshot()) };
}

describe.each(engines)('%s', (_, make) => {
  it.each(['lenet5', 'wrn-10-1', 'dropout', 'member-scale', 'adamw-kinds'])(
    'computes the same bits with any number of helpers: %s',
    async (name) => {
      const golden = readGolden(name);
      const alone = await story(shardedEngine(make(), { shards: 4 }), golden);
      for (const helpers of [1, 2, 5]) {
        const engine = make();
        using team = teamOf(engine, helpers);
        expect(await story(shardedEngine(engine, { shards: 4, team }), golden)).toEqual(alone);
      }
    },
  );

  it('computes the same bits when helpers die, and replaces so many', async () => {
    const golden = readGolden('wrn-10-1');
    const alone = await story(shardedEngine(make(), { shards: 4 }), golden);
    const engine = make();
    const notices: string[] = [];
    const start = () => helper(engine, { after: 2 });
    using team = new Team({ helpers: 2, start, onNotice: (notice) => notices.push(notice) });
    expect(await story(shardedEngine(engine, { shards: 4, team }), golden)).toEqual(alone);
    expect(notices[0]).toBe('A helper was lost (dead); another takes its place');
    expect(notices.length).toBeLessThanOrEqual(12);
  });

  it.each(normed)('gives the means of gradients and statistics that the shards have alone: %s', async (name) => {
    const golden = readGolden(name);
    const { size, images, labels, mixed } = golden.batch(0);
    const half = Math.floor(size / 2);
    const cut = <A extends Float32Array | Int32Array>(all: A, from: number, to: number) =>
      all.slice((all.length / size) * from, (all.length / size) * to) as A;
    const shardOf = async (from: number, to: number) => {
      await using session = await openGolden(make(), golden);
      const batch = { size: to - from, images: cut(images, from, to), labels: cut(labels, from, to) };
      const mix = mixed && { mixed: { labels: cut(mixed.labels, from, to), shares: cut(mixed.shares, from, to) } };
      await session.trainStep({ ...batch, ...mix }, stepOptions(golden, 0));
      return await seen(session, golden);
    };
    await using session = await openGolden(shardedEngine(make(), { shards: 2 }), golden);
    await session.trainStep(golden.batch(0), stepOptions(golden, 0));
    const [first, second] = [await shardOf(0, half), await shardOf(half, size)];
    for (const [param, found] of await seen(session, golden)) {
      const truth = found.map((__, i) => (half * first.get(param)![i]! + (size - half) * second.get(param)![i]!) / size);
      expectClose(found, truth, 1e-5, param);
    }
  });
});

/** Gradients, and running statistics: they depend linearly on those of the batch. */
async function seen(session: Session, golden: Golden): Promise<Map<string, Float32Array>> {
  const { values } = await session.snapshot();
  const found = new Map<string, Float32Array>();
  for (const [param, { trainable }] of golden.network.params)
    found.set(param, trainable ? await session.gradient(param) : values.get(param)!);
  return found;
}
