/**
 * Predictions for fewer images than a block has: planes are then runs of floats, batch norms and ReLUs part of the layers. PyTorch vouches
 * for the reference engine with whole blocks (a session that can train); here that vouches for sessions of a few images, on every engine.
 */
import { type NativeStatus, nativeEngine, nativeStatus, referenceEngine, wasmEngine, wasmStatus } from '@freetickets/engine-sparse';
import {
  type Engine,
  initialState,
  lenet5,
  type ModelState,
  type Network,
  type NetworkSpec,
  network,
  type ParamName,
  randomTopology,
  rng,
  wideResNet,
} from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { expectClose } from './compare.ts';

const IMAGES = 37;

const odd: NetworkSpec = {
  version: 1,
  name: 'odd',
  input: { shape: [3, 13, 10] },
  nodes: [
    { id: 'wide', op: 'conv2d', from: ['input'], out: 19, kernel: 5, pad: 2 },
    { id: 'relu', op: 'relu', from: ['wide'] },
    { id: 'shrink', op: 'conv2d', from: ['relu'], out: 21, kernel: 3 },
    { id: 'bn', op: 'batchNorm', from: ['shrink'] },
    { id: 'again', op: 'conv2d', from: ['bn'], out: 21, kernel: 3, pad: 1 },
    { id: 'sum', op: 'add', from: ['shrink', 'again'] },
    { id: 'bn2', op: 'batchNorm', from: ['sum'] },
    { id: 'relu2', op: 'relu', from: ['bn2'] },
    { id: 'pool', op: 'maxPool', from: ['relu2'], kernel: 3, stride: 2, pad: 1 },
    { id: 'third', op: 'conv2d', from: ['pool'], out: 9, kernel: 3, stride: 3, pad: 1 },
    { id: 'point', op: 'conv2d', from: ['pool'], out: 9, kernel: 1, stride: 3 },
    { id: 'pooled', op: 'batchNorm', from: ['pool'] },
    { id: 'average', op: 'avgPool', from: ['pooled'], kernel: 2 },
    { id: 'join', op: 'add', from: ['third', 'point'] },
    { id: 'relu3', op: 'relu', from: ['join'] },
    { id: 'flat', op: 'flatten', from: ['relu3'] },
    { id: 'flat2', op: 'flatten', from: ['average'] },
    { id: 'fc', op: 'linear', from: ['flat'], out: 7 },
    { id: 'fc2', op: 'linear', from: ['flat2'], out: 7 },
    { id: 'logits', op: 'add', from: ['fc', 'fc2'] },
    { id: 'positive', op: 'relu', from: ['logits'] },
  ],
  output: 'positive',
};

const networks = {
  odd,
  'LeNet-5': lenet5({ classes: 10, input: [1, 28, 28] }),
  'WRN-10-1': wideResNet({ depth: 10, widen: 1, classes: 10, input: [3, 32, 32] }),
};

/** Norms as after some training: nothing is 0 or 1. */
function stateOf(net: Network): ModelState {
  const sparse = [...net.params].filter(([, info]) => info.sparsifiable);
  const counts = new Map<ParamName, number>(sparse.map(([param, { size }]) => [param, Math.ceil(size / 4)]));
  const state = initialState(net, randomTopology(net, counts, 1), 1);
  const stream = rng(5).stream('norms');
  const values = new Map(
    [...state.values].map(([param, value]) => {
      const norm = net.node(param.slice(0, param.lastIndexOf('.'))).op === 'batchNorm';
      return [param, norm || param.endsWith('.bias') ? value.map(() => 0.5 + stream.uniform()) : value] as const;
    }),
  );
  return { ...state, values };
}

async function predict(engine: Engine, net: Network, state: ModelState, images: Float32Array, batchSize: number, threads: number) {
  await using session = await engine.open(net, state, { batchSize, threads });
  return session.predict(images, IMAGES);
}

const status: NativeStatus = nativeStatus();
const engines: readonly (() => Engine)[] = [
  referenceEngine,
  ...wasmStatus().variants.map((variant) => () => wasmEngine({ variant })),
  ...status.variants.map((variant) => () => nativeEngine({ variant })),
];

describe.each(Object.entries(networks))('%s', (_name, spec) => {
  const net = network(spec);
  const state = stateOf(net);
  const stream = rng(3).stream('images');
  const images = Float32Array.from({ length: IMAGES * spec.input.shape.reduce((a, b) => a * b) }, () => stream.normal());
  const optimizer = { kind: 'sgd', momentum: 0, weightDecay: 0 } as const;
  const truth = referenceEngine()
    .open(net, state, { batchSize: IMAGES, optimizer })
    .then((session) => session.predict(images, IMAGES));

  it.each(engines.map((engine) => [engine().name, engine] as const))('%s: sessions of 1 to 40 images', async (_engine, engine) => {
    for (const batchSize of [1, 2, 3, 5, 8, 15, 16, 33, 40])
      expectClose(await predict(engine(), net, state, images, batchSize, 2), await truth, 1e-5, `${batchSize} images`);
  });

  it.each(engines.map((engine) => [engine().name, engine] as const))('%s: the same bits on 1 and 3 threads', async (_engine, engine) => {
    for (const batchSize of [1, 6])
      expect(await predict(engine(), net, state, images, batchSize, 1)).toEqual(await predict(engine(), net, state, images, batchSize, 3));
  });
});
