/** Helpers as real processes that hang: stopped before they are told anything, and while they are trained with. */
import { readFileSync } from 'node:fs';
import { shardedEngine, Team } from '@freetickets/dst-trainer';
import { referenceEngine } from '@freetickets/engine-sparse';
import { initialState, network, randomTopology, type Session } from '@freetickets/sparse-core';
import { expect, it } from 'vitest';
import { forkLink } from './fork-link.ts';

/** Its values, 1.2 MB, are more than a socket holds: to send them, a helper has to take them. */
const net = network({
  version: 1,
  name: 'wide',
  input: { shape: [200] },
  nodes: [
    { id: 'fc1', op: 'linear', from: ['input'], out: 1500 },
    { id: 'relu', op: 'relu', from: ['fc1'] },
    { id: 'fc2', op: 'linear', from: ['relu'], out: 3 },
  ],
  output: 'fc2',
});
const state = initialState(net, randomTopology(net, new Map(), 1), 1);
const batch = { images: Float32Array.from({ length: 4 * 200 }, (_, i) => Math.sin(i)), labels: Int32Array.of(0, 1, 2, 0), size: 4 };

const options = { batchSize: 4, optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 } } as const;
const threeSteps = async (session: Session, before: (step: number) => void) => {
  const losses: number[] = [];
  for (let step = 0; step < 3; step++) {
    before(step);
    losses.push((await session.trainStep(batch, { learningRate: 0.1 })).loss);
  }
  return losses;
};

/** Their bits as text, which is compared in no time. */
const valuesOf = async (session: Session) =>
  [...(await session.snapshot()).values].map(([param, { buffer, byteOffset, byteLength }]) => [
    param,
    Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
  ]);

/** Children of the thread that asks. */
const children = (): number[] => {
  const list = readFileSync(`/proc/${process.pid}/task/${process.pid}/children`, 'utf8');
  return list.split(' ').filter(Boolean).map(Number);
};

it.skipIf(process.platform !== 'linux').each([0, 1])(
  'a helper that is stopped before step %i is replaced; the bits are the same',
  async (when) => {
    await using alone = await shardedEngine(referenceEngine(), { shards: 2 }).open(net, state, options);
    const expected = await threeSteps(alone, () => {});
    const notices: string[] = [];
    const before = children();
    using team = new Team({
      helpers: 1,
      start: () => forkLink({ engine: 'reference', threads: 1 }),
      onNotice: (notice) => notices.push(notice),
      patienceSeconds: 10,
    });
    await using session = await shardedEngine(referenceEngine(), { shards: 2, team }).open(net, state, options);
    const [helper] = children().filter((pid) => !before.includes(pid));
    const stop = (step: number) => void (step === when && process.kill(helper!, 'SIGSTOP'));
    expect(await threeSteps(session, stop)).toEqual(expected);
    expect(await valuesOf(session)).toEqual(await valuesOf(alone));
    expect(notices[0]).toBe('A helper was lost (it did not answer for 10 s); another takes its place');
    await expect.poll(() => children().includes(helper!)).toBe(false);
  },
);
