/**
 * Topologies with a pattern, on every engine, for one image, a few and a whole block: constant fan-in with ablated units, and N:M. The truth
 * is the network's formula, written out in doubles.
 */
import { nativeEngine, nativeStatus, referenceEngine, wasmEngine, wasmStatus } from '@freetickets/engine-sparse';
import {
  type Engine,
  initialState,
  type LayerTopology,
  lenet300,
  type ModelState,
  network,
  type ParamName,
  rng,
} from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { expectClose } from './compare.ts';

const IMAGES = 37;
const net = network(lenet300({ classes: 10, input: [1, 28, 28] }));
const layers = ['fc1', 'fc2', 'fc3'] as const;

/** `live` of every `of` consecutive inputs of each unit, 0: of all; units in `ablated` have none. */
interface Pattern {
  readonly live: number;
  readonly of: number;
  readonly ablated: (unit: number) => boolean;
}
const patterns: Readonly<Record<string, Pattern>> = {
  'constant fan-in': { live: 9, of: 0, ablated: () => false },
  'constant fan-in, some units ablated': { live: 9, of: 0, ablated: (unit) => unit % 7 === 3 || (unit >= 32 && unit < 48) },
  '2:4': { live: 2, of: 4, ablated: () => false },
};

function stateOf(pattern: Pattern): ModelState {
  const draws = rng(7).stream('pattern');
  const topology = new Map(
    layers.map((layer): [ParamName, LayerTopology] => {
      const { shape } = net.params.get(`${layer}.weight`)!;
      return [`${layer}.weight`, { shape, live: Uint32Array.from(livePositions(pattern, shape, (n, k) => draws.sample(n, k))) }];
    }),
  );
  const state = initialState(net, topology, 1);
  const biases = rng(7).stream('biases');
  const values = [...state.values].map(
    ([param, value]) => [param, param.endsWith('.bias') ? value.map(() => biases.uniform()) : value] as const,
  );
  return { ...state, values: new Map(values) };
}

function livePositions(
  { live, of, ablated }: Pattern,
  shape: readonly number[],
  sample: (n: number, k: number) => Iterable<number>,
): number[] {
  const [units, inputs] = shape as [number, number];
  const group = of || inputs;
  const positions: number[] = [];
  for (let unit = 0; unit < units; unit++)
    for (let start = 0; start < inputs && !ablated(unit); start += group)
      positions.push(...[...sample(group, live)].sort((a, b) => a - b).map((k) => unit * inputs + start + k));
  return positions;
}

/** Logits of one image. */
function formula(state: ModelState, image: Float32Array): number[] {
  let values = [...image];
  for (const layer of layers) {
    const { live, shape } = state.topology.get(`${layer}.weight`)!;
    const weights = state.values.get(`${layer}.weight`)!;
    const sums = [...state.values.get(`${layer}.bias`)!];
    live.forEach((position, k) => {
      sums[Math.floor(position / shape[1]!)]! += weights[k]! * values[position % shape[1]!]!;
    });
    values = layer === 'fc3' ? sums : sums.map((sum) => Math.max(0, sum));
  }
  return values;
}

const engines: readonly (() => Engine)[] = [
  referenceEngine,
  ...wasmStatus().variants.map((variant) => () => wasmEngine({ variant })),
  ...nativeStatus().variants.map((variant) => () => nativeEngine({ variant })),
];

describe.each(Object.entries(patterns))('%s', (_name, pattern) => {
  const state = stateOf(pattern);
  const stream = rng(3).stream('images');
  const images = Float32Array.from({ length: IMAGES * 784 }, () => stream.normal());
  const truth = Array.from({ length: IMAGES }, (_, n) => formula(state, images.subarray(n * 784, (n + 1) * 784))).flat();

  it.each(engines.map((engine) => [engine().name, engine] as const))(
    '%s: predictions are those of the formula',
    async (_engine, engine) => {
      for (const batchSize of [1, 5, 16, 37]) {
        await using session = await engine().open(net, state, { batchSize });
        expectClose(await session.predict(images, IMAGES), Float32Array.from(truth), 1e-5, `${batchSize} images`);
      }
    },
  );

  it.each(engines.map((engine) => [engine().name, engine] as const))(
    '%s: an ablated unit and its weights stay dead',
    async (_engine, engine) => {
      const optimizer = { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 } as const;
      await using session = await engine().open(net, state, { batchSize: IMAGES, optimizer });
      const labels = Int32Array.from({ length: IMAGES }, (_, n) => n % 10);
      for (let step = 0; step < 2; step++) await session.trainStep({ images, labels, size: IMAGES }, { learningRate: 0.1 });
      const after = await session.snapshot();
      expect(after.topology).toEqual(state.topology);
      const more = await session.predict(images.subarray(0, 784), 1);
      expectClose(more, Float32Array.from(formula(after, images.subarray(0, 784))), 1e-5, 'after two steps');
    },
  );
});
