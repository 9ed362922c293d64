/** What a network says of concatenation, dropout, members' factors and heads. */
import { describe, expect, it } from 'vitest';
import { network } from './network.ts';
import { initialState } from './state.ts';

const spec = (over: object = {}) => ({
  version: 1,
  name: 'members',
  input: { shape: [3, 4, 5] },
  nodes: [
    { id: 'scale', op: 'memberScale', from: ['input'], members: 2 },
    { id: 'all', op: 'concat', from: ['scale', 'input', 'scale'] },
    { id: 'drop', op: 'dropout', from: ['all'], rate: 0.5 },
    { id: 'pool', op: 'globalAvgPool', from: ['drop'] },
    { id: 'fc', op: 'linear', from: ['pool'], out: 6 },
  ],
  output: 'fc',
  heads: 2,
  ...over,
});

describe('a network of members', () => {
  it('adds up channels, keeps shapes, has (members, C) factors and classes per head', () => {
    const net = network(spec());
    expect([net.shapes.get('all'), net.shapes.get('drop')]).toEqual([
      [9, 4, 5],
      [9, 4, 5],
    ]);
    expect(net.params.get('scale.weight')).toMatchObject({ kind: 'memberScale', shape: [2, 3], size: 6, sparsifiable: false });
    expect([net.heads, net.classes]).toEqual([2, 3]);
  });

  it('draws factors around 1', () => {
    const factors = initialState(network(spec()), new Map(), 1).values.get('scale.weight')!;
    expect(new Set(factors).size).toBe(6);
    expect(factors.every((factor) => Math.abs(factor - 1) < 3)).toBe(true);
  });

  it.each([
    [{ heads: 4 }, 'heads: expected a divisor of 6'],
    [{ heads: 0 }, 'heads: expected a whole number'],
    [{ nodes: [{ id: 'fc', op: 'dropout', from: ['input'], rate: 1 }] }, 'nodes[0].rate: expected a number from 0 to below 1'],
    [{ nodes: [{ id: 'fc', op: 'concat', from: [] }] }, 'nodes[0].from: expected a list of at least one node id'],
  ])('refuses %j', (over, message) => {
    expect(() => network(spec(over))).toThrow(message);
  });
});
