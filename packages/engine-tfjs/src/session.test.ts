/** What the conformance suite cannot see: tensors that stay behind, a backend that changes, masks that must hold. */
import { initialState, network, randomTopology, rng, type Session } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { tfjsEngine } from './engine.ts';
import { loadTfjs } from './load.node.ts';
import type { Tensorflow } from './tensorflow.ts';

const net = network({
  version: 1,
  name: 'small',
  input: { shape: [2, 6, 5] },
  nodes: [
    { id: 'conv', op: 'conv2d', from: ['input'], out: 4, kernel: 3, stride: 2, pad: 1 },
    { id: 'bn', op: 'batchNorm', from: ['conv'] },
    { id: 'relu', op: 'relu', from: ['bn'] },
    { id: 'drop', op: 'dropout', from: ['relu'], rate: 0.25 },
    { id: 'pool', op: 'maxPool', from: ['drop'], kernel: 2, stride: 1, pad: 1 },
    { id: 'both', op: 'concat', from: ['pool', 'pool'] },
    { id: 'unread', op: 'relu', from: ['both'] },
    { id: 'flat', op: 'flatten', from: ['both'] },
    { id: 'scale', op: 'memberScale', from: ['flat'], members: 2 },
    { id: 'fc', op: 'linear', from: ['scale'], out: 3 },
  ],
  output: 'fc',
});
const counts = new Map([['conv.weight', 30] as const, ['fc.weight', 40] as const]);
const state = initialState(net, randomTopology(net, counts, 1), 1);
const SIZE = 5;
const stream = rng(1).stream('images');
const images = Float32Array.from({ length: SIZE * 60 }, () => stream.normal());
const batch = { size: SIZE, images, labels: Int32Array.of(0, 1, 2, 0, 1) };
const optimizer = { kind: 'adamw', weightDecay: 0.01, clipNorm: 1 } as const;

async function everything(session: Session): Promise<void> {
  await session.trainStep(batch, { learningRate: 0.1, dropoutSeed: 1, keep: ['gradient'] });
  await session.gradient('conv.weight');
  await session.signal('fc.weight', 'gradient');
  const live = (await session.snapshot()).topology.get('fc.weight')!.live;
  const dead = Uint32Array.from({ length: 96 }, (_, k) => k).find((position) => !live.includes(position))!;
  await session.rewire([{ param: 'fc.weight', dropped: live.slice(3, 4), grown: Uint32Array.of(dead) }]);
  await session.predict(images, SIZE, { dropoutSeed: 2 });
  await session.trainStep(batch, { learningRate: 0.1, dropoutSeed: 2, update: false });
  for (const maxNorm of [1e9, 1e-9]) await session.trainStep(batch, { learningRate: 0.1, dropoutSeed: 3, guard: { maxNorm } });
}

describe.each(['wasm', 'cpu'] as const)('a session on the backend %s', (backend) => {
  const load = async () => (await loadTfjs(backend)) as Tensorflow;

  it('keeps as many tensors after ten rounds as after one, and none when it is disposed of', async () => {
    const tf = await load();
    const before = tf.memory().numTensors;
    const session = await tfjsEngine(tf).open(net, state, { batchSize: 2 * SIZE, optimizer, signals: ['gradient'] });
    await everything(session);
    const { numTensors, numBytes } = tf.memory();
    expect(numTensors).toBeGreaterThan(before);
    for (let round = 1; round < 10; round++) await everything(session);
    expect(tf.memory()).toMatchObject({ numTensors, numBytes });
    await session[Symbol.asyncDispose]();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('leaves nothing behind where it only predicts, where it attacks, and where it refuses', async () => {
    const tf = await load();
    const before = tf.memory().numTensors;
    const session = await tfjsEngine(tf).open(net, state, { batchSize: SIZE, inputGradients: true });
    const open = tf.memory().numTensors;
    await session.predict(images, SIZE);
    await session.inputGradient(batch);
    await expect(session.inputGradient({ ...batch, labels: Int32Array.of(9, 9, 9, 9, 9) })).rejects.toThrow('batch.labels');
    expect(tf.memory().numTensors).toBe(open);
    await session[Symbol.asyncDispose]();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a session', () => {
  it('keeps dead weights and their moments exactly 0 through steps and rewirings', async () => {
    const tf = (await loadTfjs('wasm')) as Tensorflow;
    const seen: Float32Array[] = [];
    const keep = <T extends Parameters<typeof tf.keep>[0]>(tensor: T): T => {
      seen.push(tensor.dataSync() as Float32Array);
      return tf.keep(tensor);
    };
    const spied = { ...tf, keep };
    await using session = await tfjsEngine(spied as Tensorflow).open(net, state, { batchSize: SIZE, optimizer, signals: ['gradient'] });
    for (let round = 0; round < 3; round++) await everything(session);
    seen.length = 0;
    await session.trainStep(batch, { learningRate: 0.1, dropoutSeed: 3 });
    const zeros = seen.filter(({ length }) => length === 4 * 2 * 9).map((values) => values.filter((value) => value === 0).length);
    // Gradient, then values and the two moments of the 72 weights of `conv`, of which 30 live.
    expect(zeros).toEqual([0, 42, 42, 42]);
  });

  it('gathers the momentum of dead weights where it is told to, by the formulas', async () => {
    const linear = network({
      version: 1,
      name: 'linear',
      input: { shape: [2] },
      nodes: [{ id: 'fc', op: 'linear', from: ['input'], out: 2, bias: false }],
      output: 'fc',
    });
    const [x, label] = [[1, -2], 1];
    const [rate, beta, decay] = [0.5, 0.75, 0.125];
    let [w, m] = [
      [0.5, 0, -0.25, 1],
      [0, 0, 0, 0],
    ];
    let mask = [1, 0, 1, 1];
    const step = () => {
      const logits = [0, 2].map((row) => w[row]! * x[0]! + w[row + 1]! * x[1]!);
      const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
      const slopes = logits.map((logit, k) => Math.exp(logit) / sum - Number(k === label));
      m = m.map((buffer, k) => beta * buffer + slopes[k >> 1]! * x[k & 1]! + decay * w[k]!);
      w = w.map((value, k) => mask[k]! * (value - rate * m[k]!));
    };
    const tf = await loadTfjs('wasm');
    const options = { batchSize: 1, optimizer: { kind: 'sgd', momentum: beta, weightDecay: decay }, deadMomentum: true } as const;
    const layer = { shape: [2, 2], live: Uint32Array.of(0, 2, 3) };
    const first = {
      ...initialState(linear, new Map([['fc.weight', layer]]), 1),
      values: new Map([['fc.weight' as const, Float32Array.of(0.5, -0.25, 1)]]),
    };
    let session = await tfjsEngine(tf).open(linear, first, options);
    const expectFormulas = async () => {
      const { values, momentum, denseMomentum } = await session.snapshot();
      const live = [0, 1, 2, 3].filter((k) => mask[k] === 1);
      const close = (numbers: readonly number[]) => numbers.map((number) => expect.closeTo(number, 6));
      expect([...values.get('fc.weight')!]).toEqual(close(live.map((k) => w[k]!)));
      expect([...momentum!.get('fc.weight')!]).toEqual(close(live.map((k) => m[k]!)));
      expect([...denseMomentum!.get('fc.weight')!]).toEqual(close(m));
    };
    const sample = { size: 1, images: Float32Array.from(x), labels: Int32Array.of(label) };
    for (let round = 0; round < 2; round++) {
      step();
      await session.trainStep(sample, { learningRate: rate });
    }
    await expectFormulas();
    await session.rewire([{ param: 'fc.weight', dropped: Uint32Array.of(2), grown: Uint32Array.of(1) }]);
    [mask, w] = [[1, 1, 0, 1], w.map((value, k) => (k === 2 ? 0 : value))];
    const state = await session.snapshot();
    await session[Symbol.asyncDispose]();
    session = await tfjsEngine(tf).open(linear, state, options);
    for (let round = 0; round < 2; round++) {
      step();
      await session.trainStep(sample, { learningRate: rate });
      await expectFormulas();
    }
    await session[Symbol.asyncDispose]();
    const adamw = { ...options, optimizer: { kind: 'adamw', weightDecay: 0 } } as const;
    await expect(tfjsEngine(tf).open(linear, first, adamw)).rejects.toThrow('deadMomentum: expected the optimizer sgd, received "adamw"');
  });

  it('refuses to go on when somebody has changed the backend', async () => {
    const tf = (await loadTfjs('wasm')) as Tensorflow;
    const session = await tfjsEngine(tf).open(net, state, { batchSize: SIZE });
    await loadTfjs('cpu');
    await expect(session.predict(images, SIZE)).rejects.toThrow(
      'TensorFlow.js: expected the backend wasm that the session was opened on, received "cpu"',
    );
    await session[Symbol.asyncDispose]();
  });
});

describe('tfjsEngine', () => {
  it('is named after its backend', async () => {
    expect(tfjsEngine(await loadTfjs('wasm')).name).toBe('tfjs/wasm');
  });

  it('asks for a backend', () => {
    const bare = { getBackend: () => '', ready: async () => {} };
    expect(() => tfjsEngine(bare)).toThrow('TensorFlow.js: expected a backend, received "none". Import one and await setBackend() before');
  });
});
