/** A training step whose batch norms' outputs are made again in the backward pass, against one that keeps them. */
import { initialState, type NetworkSpec, network, randomTopology, rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { nativeExecutor, nativeStatus } from './native.node.ts';
import { indexDense, indexLayer, makePlan } from './plan.ts';
import { referenceExecutor } from './reference.ts';
import type { Executor } from './session.ts';

const BATCH = 35;

const spec: NetworkSpec = {
  version: 1,
  name: 'remade',
  input: { shape: [3, 8, 8] },
  nodes: [
    { id: 'conv1', op: 'conv2d', from: ['input'], out: 6, kernel: 3, pad: 1, bias: false },
    { id: 'bn1', op: 'batchNorm', from: ['conv1'] },
    { id: 'relu1', op: 'relu', from: ['bn1'] },
    { id: 'conv2', op: 'conv2d', from: ['relu1'], out: 8, kernel: 3, stride: 2, pad: 1, bias: false },
    { id: 'shortcut', op: 'conv2d', from: ['relu1'], out: 8, kernel: 1, stride: 2, bias: false },
    { id: 'add', op: 'add', from: ['conv2', 'shortcut'] },
    { id: 'bn2', op: 'batchNorm', from: ['add'] },
    { id: 'again', op: 'batchNorm', from: ['bn2'] },
    { id: 'conv3', op: 'conv2d', from: ['again'], out: 5, kernel: 3, pad: 1, bias: false },
    { id: 'bn3', op: 'batchNorm', from: ['conv3'] },
    { id: 'pool', op: 'maxPool', from: ['bn3'], kernel: 2 },
    { id: 'flat', op: 'flatten', from: ['pool'] },
    { id: 'fc', op: 'linear', from: ['flat'], out: 4 },
  ],
  output: 'fc',
};
const net = network(spec);
const sparse = [...net.params].filter(([, info]) => info.sparsifiable);
const topology = randomTopology(net, new Map(sparse.map(([param, { size }]) => [param, Math.ceil(size / 2)])), 1);
const state = initialState(net, topology, 1);

/** The floats of all gradients after two steps, dense ones included; and the floats of the whole plan. */
function gradients<Program>(executor: Executor<Program>, mostKept: number) {
  const plan = makePlan(net, topology, { batchSize: BATCH, train: true, denseGradients: true, mostKept });
  const { place } = plan;
  const { floats, ints } = executor.allocate(place.arena.floatCount, place.arena.intCount);
  for (const [at, value] of place.constants) floats[at] = value;
  for (const [param, { values }] of place.params) floats.set(state.values.get(param)!, values);
  for (const layer of place.layers.values()) indexLayer(plan, ints, layer, topology.get(layer.param)?.live);
  indexDense(plan, ints);
  const stream = rng(2).stream('batch');
  for (let k = 0; k < BATCH * 3 * 8 * 8; k++) floats[place.images + k] = stream.normal();
  for (let n = 0; n < BATCH; n++) ints[place.labels + n] = n % 4;
  floats.set([0.1, 0.9, 0], place.hyper);
  for (const operations of [plan.pack, plan.keepStep, plan.update, plan.pack, plan.keepStep])
    executor.run(executor.compile(operations), floats, ints, place.arena.lanes, BATCH);
  const { gradients: start, count } = place.trained;
  const dense = [...place.params].flatMap(([param, { denseGradient }]) =>
    denseGradient < 0 ? [] : [...floats.slice(denseGradient, denseGradient + net.params.get(param)!.size)],
  );
  return { values: [...floats.slice(start, start + count), ...dense], floats: place.arena.floatCount, operations: plan.step };
}

const executors = [referenceExecutor(), ...nativeStatus().variants.map((variant) => nativeExecutor(variant, 2))];

describe.each(executors.map((executor) => [executor.name, executor] as const))('%s', (_name, executor) => {
  const kept = gradients(executor as Executor, Number.POSITIVE_INFINITY);
  const remade = gradients(executor as Executor, 0);

  it('has the same bits', () => {
    expect(kept.values.some((value) => value !== 0)).toBe(true);
    expect(remade.values).toEqual(kept.values);
  });

  it('makes every norm again that a layer, a norm or a pooling reads, once', () => {
    const count = (op: string) => remade.operations.filter((operation) => operation.op === op).length;
    expect([count('normTrain'), count('normAgain')]).toEqual([4, 4]);
    expect(kept.operations.some(({ op }) => op === 'normAgain')).toBe(false);
    expect(remade.floats).toBeLessThan(kept.floats);
  });
});
