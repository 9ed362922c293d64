import { describe, expect, it } from 'vitest';
import { checkState } from './check-state.ts';
import { erk } from './distribution.ts';
import { lenet5 } from './models/lenet5.ts';
import { lenet300 } from './models/multilayer.ts';
import { resnet20 } from './models/resnet.ts';
import { wideResNet } from './models/wide-resnet.ts';
import { network } from './network.ts';
import type { ParamName } from './spec.ts';
import { initialState, type ModelState } from './state.ts';
import { randomTopology } from './topology.ts';

const range = (values: Float32Array) => Math.max(Math.abs(Math.min(...values)), Math.max(...values));
const deviation = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

describe('initialState', () => {
  const lenet = network(lenet5());

  it("draws PyTorch's defaults: uniform within 1 / sqrt(fan-in), biases too", () => {
    const { values, step } = initialState(lenet, new Map(), 1);
    expect(step).toBe(0);
    for (const [node, fanIn] of [
      ['conv2', 20 * 25],
      ['fc3', 800],
    ] as const) {
      const bound = 1 / Math.sqrt(fanIn);
      const weight = values.get(`${node}.weight`)!.subarray(0, 20_000);
      expect(range(weight)).toBeLessThanOrEqual(bound);
      expect(range(weight)).toBeGreaterThan(0.99 * bound);
      expect(deviation(weight) / (bound / Math.sqrt(3))).toBeCloseTo(1, 1);
      expect(range(values.get(`${node}.bias`)!)).toBeLessThanOrEqual(bound);
      expect(range(values.get(`${node}.bias`)!)).toBeGreaterThan(0.8 * bound);
    }
  });

  it('draws He normal with fan-out for wide residual networks, and no bias for the classifier', () => {
    const { values } = initialState(network(wideResNet({ depth: 10, widen: 2 })), new Map(), 1);
    const weight = values.get('block3.layer.0.conv1.weight')!; // (128, 64, 3, 3)
    expect(deviation(weight) / Math.sqrt(2 / (128 * 9))).toBeCloseTo(1, 1);
    expect(values.get('fc.bias')).toEqual(new Float32Array(10));
    expect(range(values.get('fc.weight')!)).toBeLessThanOrEqual(1 / Math.sqrt(128));
  });

  it('draws He normal with fan-in where asked', () => {
    const { values } = initialState(network(resnet20()), new Map(), 1);
    expect(deviation(values.get('blocks.6.conv1.weight')!) / Math.sqrt(2 / (32 * 9))).toBeCloseTo(1, 1); // (64, 32, 3, 3)
    expect(range(values.get('fc.bias')!)).toBeGreaterThan(0);
  });

  it('starts batch normalization as the identity', () => {
    const { values } = initialState(network(resnet20()), new Map(), 1);
    const of = (kind: string) => values.get(`bn.${kind}` as ParamName);
    expect([of('weight'), of('bias'), of('running_mean'), of('running_var')]).toEqual([
      new Float32Array(16).fill(1),
      new Float32Array(16),
      new Float32Array(16),
      new Float32Array(16).fill(1),
    ]);
  });

  it('gives a weight the same value whatever lives around it', () => {
    const topology = randomTopology(lenet, erk()(lenet, 0.9), 1);
    const dense = initialState(lenet, new Map(), 5).values.get('fc3.weight')!;
    const sparse = initialState(lenet, topology, 5).values.get('fc3.weight')!;
    const { live } = topology.get('fc3.weight')!;
    expect(sparse).toEqual(Float32Array.from(live, (position) => dense[position]!));
    expect(initialState(lenet, topology, 6).values.get('fc3.weight')).not.toEqual(sparse);
  });

  it('fits its network', () => {
    expect(() => checkState(lenet, initialState(lenet, randomTopology(lenet, erk()(lenet, 0.9), 1), 1))).not.toThrow();
  });
});

describe('checkState', () => {
  const net = network(lenet300());
  const state = initialState(net, randomTopology(net, new Map([['fc3.weight', 2]]), 1), 1);
  const values = (param: string, array?: Float32Array): Partial<ModelState> => {
    const changed = new Map<ParamName, Float32Array>(state.values);
    if (array) changed.set(param as ParamName, array);
    else changed.delete(param as ParamName);
    return { values: changed };
  };
  const topology = (param: string, shape: number[], ...live: number[]): Partial<ModelState> => ({
    topology: new Map([[param as ParamName, { shape, live: Uint32Array.from(live) }]]),
  });

  it.each<[string, Partial<ModelState>, RegExp]>([
    ['missing values', values('fc1.bias'), /state: values of fc1.bias: expected 300 numbers, received "none"/],
    ['extra values', values('fc9.bias', new Float32Array(3)), /values of fc9.bias: expected none, received "3 numbers"/],
    [
      'dense values of a sparse weight',
      values('fc3.weight', new Float32Array(1000)),
      /values of fc3.weight: expected 2 numbers, received "1000/,
    ],
    ['a sparse bias', topology('fc3.bias', [10], 1), /topology of fc3.bias: expected a weight that may be sparse, received "a dense one"/],
    ['an unknown weight', topology('fc9.weight', [10], 1), /topology of fc9.weight: .* "no such parameter"/],
    ['another shape', topology('fc3.weight', [100, 10], 1, 2), /topology of fc3.weight: expected shape \(10,100\), received "\(100,10\)"/],
    ['positions in disorder', topology('fc3.weight', [10, 100], 2, 1), /strictly increasing live positions, received "1 after 2"/],
    ['positions out of range', topology('fc3.weight', [10, 100], 1, 1000), /live positions below 1000, received 1000/],
    ['a wrong step', { step: 0.5 }, /state: step/],
    ['momentum of nothing', { momentum: new Map() }, /momentum of fc1.weight: expected 235200 numbers, received "none"/],
  ])('refuses %s', (_, change, message) => {
    expect(() => checkState(net, { ...state, ...change })).toThrow(message);
    expect(() => checkState(net, { ...state, ...change })).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
  });

  it('refuses momentum of running statistics', () => {
    const resnet = network(resnet20());
    const fresh = initialState(resnet, new Map(), 1);
    expect(() => checkState(resnet, { ...fresh, momentum: fresh.values })).toThrow(/momentum of bn.running_mean: expected none/);
  });

  it('says what it checked', () => {
    expect(() => checkState(net, { ...state, step: -1 }, 'ticket 3')).toThrow(/^ticket 3: step/);
  });
});
