import { initialState, type ModelState, type NetworkSpec, type NodeSpec, network } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { featureModel } from './feature-model.ts';

const specOf = (nodes: readonly NodeSpec[], output: string, heads?: number): NetworkSpec => ({
  version: 1,
  name: 'small',
  input: { shape: [4] },
  nodes,
  output,
  ...(heads !== undefined && { heads }),
});
const stateOf = (spec: NetworkSpec): ModelState =>
  initialState(network(spec), new Map([['fc1.weight', { shape: [3, 4], live: Uint32Array.of(1, 5) }]]), 1);
const fc1: NodeSpec = { id: 'fc1', op: 'linear', from: ['input'], out: 3 };
const relu: NodeSpec = { id: 'relu', op: 'relu', from: ['fc1'] };

describe('featureModel', () => {
  it('ends where the last linear layer begins, with the parameters that are left', () => {
    const state = stateOf(specOf([fc1, relu, { id: 'fc2', op: 'linear', from: ['relu'], out: 4 }], 'fc2', 2));
    const { spec, topology, values } = featureModel(state);
    expect(spec).toEqual(specOf([fc1, relu], 'relu'));
    expect(network(spec).classes).toBe(3);
    expect([...values.keys()]).toEqual(['fc1.weight', 'fc1.bias']);
    expect(values.get('fc1.weight')).toEqual(state.values.get('fc1.weight'));
    expect([...topology.keys()]).toEqual(['fc1.weight']);
  });

  it('looks past what follows the last linear layer', () => {
    const nodes: NodeSpec[] = [
      fc1,
      relu,
      { id: 'fc2', op: 'linear', from: ['relu'], out: 2 },
      { id: 'scale', op: 'memberScale', from: ['fc2'], members: 2 },
    ];
    expect(featureModel(stateOf(specOf(nodes, 'scale'))).spec.output).toBe('relu');
  });

  it('of several branches has the features of all, one after the other', () => {
    const nodes: NodeSpec[] = [
      fc1,
      relu,
      { id: 'left', op: 'linear', from: ['relu'], out: 2 },
      { id: 'right', op: 'linear', from: ['fc1'], out: 2 },
      { id: 'both', op: 'concat', from: ['left', 'right'] },
    ];
    const { spec } = featureModel(stateOf(specOf(nodes, 'both')));
    expect(spec.nodes.at(-1)).toEqual({ id: 'features', op: 'concat', from: ['relu', 'fc1'] });
    expect(network(spec).classes).toBe(6);
  });

  it('of a single layer is the input itself', () => {
    const { spec, values } = featureModel(stateOf(specOf([fc1], 'fc1')));
    expect([network(spec).classes, values.size]).toEqual([4, 0]);
  });

  it('does not exist where no linear layer leads to the output', () => {
    const norm: NodeSpec = { id: 'bn', op: 'batchNorm', from: ['input'] };
    expect(() => featureModel(initialState(network(specOf([norm], 'bn')), new Map(), 1))).toThrow(
      'small: expected a network that ends in a linear layer, received one without it',
    );
  });
});
