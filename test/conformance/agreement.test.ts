/**
 * Sizes that no golden file can hold: planes of 32x32, more channels than a cache block, more images than two batch blocks.
 * PyTorch vouches for the reference engine in the golden runs; here it vouches for the native one and for WebAssembly.
 */
import { nativeEngine, nativeStatus, referenceEngine, wasmEngine, wasmStatus } from '@freetickets/engine-sparse';
import {
  type Batch,
  type Engine,
  initialState,
  type NetworkSpec,
  network,
  type ParamName,
  randomTopology,
  rng,
} from '@freetickets/sparse-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { expectClose } from './compare.ts';

/** Looser than in the golden runs: among a million activations, some lie so near a kink that rounding moves them across. */
const BOUND = 1e-3;
const BATCH = 70;

const spec: NetworkSpec = {
  version: 1,
  name: 'agreement',
  input: { shape: [3, 32, 32] },
  nodes: [
    { id: 'conv1', op: 'conv2d', from: ['input'], out: 40, kernel: 3, pad: 1, bias: false },
    { id: 'bn1', op: 'batchNorm', from: ['conv1'] },
    { id: 'relu1', op: 'relu', from: ['bn1'] },
    { id: 'conv2', op: 'conv2d', from: ['relu1'], out: 36, kernel: 3, stride: 2, pad: 1, bias: false },
    { id: 'shortcut', op: 'conv2d', from: ['relu1'], out: 36, kernel: 1, stride: 2, bias: false, dense: true },
    { id: 'add', op: 'add', from: ['conv2', 'shortcut'] },
    { id: 'bn2', op: 'batchNorm', from: ['add'] },
    { id: 'pool', op: 'maxPool', from: ['bn2'], kernel: 2 },
    { id: 'conv3', op: 'conv2d', from: ['pool'], out: 70, kernel: 3, pad: 1 },
    { id: 'relu3', op: 'relu', from: ['conv3'] },
    { id: 'flatten', op: 'flatten', from: ['relu3'] },
    { id: 'fc', op: 'linear', from: ['flatten'], out: 10 },
  ],
  output: 'fc',
};

const net = network(spec);
const sparse = new Map<ParamName, number>(
  [...net.params].filter(([, info]) => info.sparsifiable).map(([param, { size }]) => [param, Math.round(size / 10)]),
);
const state = initialState(net, randomTopology(net, sparse, 1), 1);

function randomBatch(seed: number): Batch {
  const stream = rng(seed).stream('batch');
  const images = Float32Array.from({ length: BATCH * 3 * 32 * 32 }, () => stream.normal());
  return { size: BATCH, images, labels: Int32Array.from({ length: BATCH }, () => stream.below(10)) };
}

/** Two steps, and what can be read after them. */
async function run(engine: Engine, threads: number) {
  const optimizer = { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 } as const;
  await using session = await engine.open(net, state, { batchSize: BATCH, optimizer, signals: ['gradient'], threads });
  const first = await session.trainStep(randomBatch(1), { learningRate: 0.02, keep: ['gradient'] });
  const found = new Map<string, Float32Array>();
  for (const param of sparse.keys()) found.set(`signal of ${param}`, await session.signal(param, 'gradient'));
  for (const [param, info] of net.params) if (info.trainable) found.set(`gradient of ${param}`, await session.gradient(param));
  const second = await session.trainStep(randomBatch(2), { learningRate: 0.02 });
  found.set('losses', Float32Array.of(first.loss, second.loss));
  for (const [param, values] of (await session.snapshot()).values) found.set(`value of ${param}`, values);
  return found.set('logits', await session.predict(randomBatch(3).images, BATCH));
}

const engines: readonly (readonly [name: string, make: () => Engine])[] = [
  ...nativeStatus().variants.map((variant) => [`native/${variant}`, () => nativeEngine({ variant })] as const),
  ...wasmStatus().variants.map((variant) => [`wasm/${variant}`, () => wasmEngine({ variant })] as const),
];

describe('compiled kernels and reference', () => {
  let truth: Awaited<ReturnType<typeof run>>;
  beforeAll(async () => {
    truth = await run(referenceEngine(), 1);
  });

  it.each(engines)(
    `%s agrees with the reference within ${BOUND} on large layers, and 1 and 3 threads give the same bits`,
    async (_, make) => {
      const found = await run(make(), 3);
      expect([...found.keys()]).toEqual([...truth.keys()]);
      for (const [name, values] of truth) expectClose(found.get(name)!, values, BOUND, name);
      expect(await run(make(), 1)).toEqual(found);
    },
  );
});
