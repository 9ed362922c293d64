/** What stands in the graph, read from the bytes, and what never becomes one. */
import { initialState, type ModelState, type NetworkSpec, network, type ParamName } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { nets, randomState, residual, spec } from '../testing/nets.ts';
import { toOnnx } from './index.ts';
import { decodeModel, type ModelProto } from './proto.ts';

describe('the graph', () => {
  /** Node types, and the constants by name. */
  function open(bytes: Uint8Array) {
    const { graph } = decodeModel(bytes) as ModelProto;
    const constants = graph.initializer.map(({ name, rawData }) => [name, [...new Float32Array(rawData.slice().buffer)]] as const);
    return { operators: graph.node.map(({ opType }) => opType), constants: new Map(constants) };
  }

  it('folds a batch norm where its layer feeds nothing else, and only there', () => {
    const operators = (raw: NetworkSpec) => open(toOnnx(randomState(network(raw), 1))).operators;
    expect(operators(residual).slice(0, 6)).toEqual(['Conv', 'Relu', 'Conv', 'Add', 'Relu', 'GlobalAveragePool']);
    expect(operators(nets['a batch norm after a convolution that feeds something else too']!).slice(0, 3)).toEqual([
      'Conv',
      'BatchNormalization',
      'Add',
    ]);
    const chain = operators(nets['batch norms of the input, of a linear layer, of a relu, and as output']!);
    expect(chain.slice(0, 5)).toEqual(['BatchNormalization', 'Gemm', 'Relu', 'BatchNormalization', 'Gemm']);
    expect(chain.slice(5)).not.toContain('BatchNormalization');
  });
  it('keeps the batch norm of a layer that is the output', () => {
    const raw = {
      ...spec(
        [3],
        [
          { id: 'fc', op: 'linear', from: ['input'], out: 2 },
          { id: 'bn', op: 'batchNorm', from: ['fc'] },
        ],
      ),
      output: 'fc',
    };
    expect(open(toOnnx(randomState(network(raw), 1))).operators).toContain('BatchNormalization');
  });
  it('holds each weight at its place, and zero where it is dead', () => {
    const net = network(
      spec(
        [3],
        [
          { id: 'sparse', op: 'linear', from: ['input'], out: 2 },
          { id: 'fc', op: 'linear', from: ['sparse'], out: 2 },
        ],
      ),
    );
    const topology = new Map([['sparse.weight', { shape: [2, 3], live: Uint32Array.of(1, 5) }] as const]);
    const values = new Map<ParamName, Float32Array>([
      ['sparse.weight', Float32Array.of(0.5, -2)],
      ['sparse.bias', Float32Array.of(1, 2)],
      ['fc.weight', Float32Array.of(1, 2, 3, 4)],
      ['fc.bias', Float32Array.of(0, -1)],
    ]);
    const { constants } = open(toOnnx({ ...initialState(net, topology, 1), values }));
    expect(constants.get('member0/sparse.weight')).toEqual([0, 0.5, 0, 0, 0, -2]);
    expect(constants.get('member0/fc.weight')).toEqual([1, 2, 3, 4]);
    expect(constants.get('member0/fc.bias')).toEqual([0, -1]);
  });
  it('folds by the formula: w g and (b - mean) g + shift, g = scale / sqrt(variance + eps)', () => {
    const net = network(
      spec(
        [1],
        [
          { id: 'fc', op: 'linear', from: ['input'], out: 2 },
          { id: 'bn', op: 'batchNorm', from: ['fc'], eps: 0.25 },
        ],
      ),
    );
    const values = new Map<ParamName, Float32Array>([
      ['fc.weight', Float32Array.of(1, 0)],
      ['fc.bias', Float32Array.of(2, 3)],
      ['bn.weight', Float32Array.of(3, -1)],
      ['bn.bias', Float32Array.of(5, 7)],
      ['bn.running_mean', Float32Array.of(1, 1)],
      ['bn.running_var', Float32Array.of(2, 0.75)], // sqrt(2.25) = 1.5, sqrt(1) = 1: gains 2 and -1
    ]);
    const { constants } = open(toOnnx({ ...initialState(net, new Map(), 1), values }));
    expect(constants.get('member0/fc.weight')!.map((w) => w + 0)).toEqual([2, 0]);
    expect(constants.get('member0/fc.bias')).toEqual([(2 - 1) * 2 + 5, (3 - 1) * -1 + 7]);
  });
});

describe('what toOnnx refuses', () => {
  const net = network(residual);
  const state = randomState(net, 1);
  const other = (shape: readonly number[], classes: number) =>
    randomState(
      network(
        spec(
          shape,
          [
            { id: 'flat', op: 'flatten', from: ['input'] },
            { id: 'fc', op: 'linear', from: ['flat'], out: classes },
          ],
          'other',
        ),
      ),
      1,
    );
  const changed = (param: ParamName, values: Float32Array): ModelState => ({ ...state, values: new Map(state.values).set(param, values) });
  const cases: readonly (readonly [string, () => unknown, string, string])[] = [
    ['no members', () => toOnnx([]), 'INVALID_ARGUMENT', 'members'],
    ['members of different input', () => toOnnx([state, other([3, 8, 9], 4)]), 'SHAPE_MISMATCH', 'members[1] (other)'],
    ['members of different classes', () => toOnnx([state, other([3, 8, 8], 5)]), 'SHAPE_MISMATCH', 'members[1] (other)'],
    [
      'a state of another spec',
      () => toOnnx([state, changed('fc.bias', new Float32Array(5))]),
      'SHAPE_MISMATCH',
      'members[1]: values of fc.bias',
    ],
    [
      'a weight that is not a number',
      () => toOnnx(changed('fc.bias', Float32Array.of(1, Number.NaN, 1, 1))),
      'NON_FINITE',
      'member0/fc.bias[1]',
    ],
    [
      'a variance below zero',
      () => toOnnx(changed('bn1.running_var', new Float32Array(6).fill(-1))),
      'NON_FINITE',
      'member0/conv1.weight[',
    ],
    ['an operator set of the past', () => toOnnx(state, { opset: 12 }), 'INVALID_ARGUMENT', 'opset'],
    ['an unknown output', () => toOnnx(state, { output: 'labels' as never }), 'INVALID_ARGUMENT', 'output'],
    ['a batch of none', () => toOnnx(state, { batch: 0 }), 'INVALID_ARGUMENT', 'batch'],
    ['an empty name', () => toOnnx(state, { name: '' }), 'INVALID_ARGUMENT', 'name'],
    ['too few class names', () => toOnnx(state, { classes: ['cat'] }), 'INVALID_ARGUMENT', 'classes'],
    [
      'constants for other channels',
      () => toOnnx(state, { normalization: { mean: [0, 0], std: [1] } }),
      'INVALID_ARGUMENT',
      'normalization.mean',
    ],
    ['a deviation of zero', () => toOnnx(state, { normalization: { mean: [0], std: [0] } }), 'INVALID_ARGUMENT', 'normalization.std'],
  ];
  it.each(cases)('%s', (_, call, code, at) => {
    expect(call).toThrow(expect.objectContaining({ code }));
    expect(call).toThrow(at);
  });
});
