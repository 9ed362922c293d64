import { type ModelState, network, type ParamName } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { interpolate } from './interpolate.ts';

/** Two inputs, two outputs; the weight is sparse if `live` says where. */
function ticket(
  live: readonly number[] | undefined,
  weight: readonly number[],
  bias: readonly [number, number],
  name = 'small',
): ModelState {
  const { spec } = network({
    version: 1,
    name,
    input: { shape: [2] },
    nodes: [{ id: name, op: 'linear', from: ['input'], out: 2 }],
    output: name,
  });
  const param: ParamName = `${name}.weight`;
  return {
    spec,
    topology: new Map(live ? [[param, { shape: [2, 2], live: Uint32Array.from(live) }]] : []),
    values: new Map<ParamName, Float32Array>([
      [param, Float32Array.from(weight)],
      [`${name}.bias`, Float32Array.from(bias)],
    ]),
    step: 7,
  };
}

describe('interpolate', () => {
  const a = ticket([0, 1], [2, 4], [1, 0]);
  const b = ticket([1, 3], [8, -2], [0, 2]);

  it('by hand: over the union of what lives, dead weights as zeros', () => {
    const { topology, values } = interpolate(a, b, 0.25);
    expect(topology.get('small.weight')!.live).toEqual(Uint32Array.of(0, 1, 3));
    expect(values.get('small.weight')).toEqual(Float32Array.of(1.5, 5, -0.5)); // 3/4 of 2; 3/4 of 4 and 1/4 of 8; 1/4 of -2
    expect(values.get('small.bias')).toEqual(Float32Array.of(0.75, 0.5));
  });

  it('ends at the tickets, with zeros where only the other one lives', () => {
    expect(interpolate(a, b, 0).values.get('small.weight')).toEqual(Float32Array.of(2, 4, 0));
    expect(interpolate(a, b, 1).values.get('small.weight')).toEqual(Float32Array.of(0, 8, -2));
  });

  it('is dense where one of them is', () => {
    const { topology, values } = interpolate(a, ticket(undefined, [1, 2, 3, 4], [0, 0]), 0.5);
    expect(topology.size).toBe(0);
    expect(values.get('small.weight')).toEqual(Float32Array.of(1.5, 3, 1.5, 2));
  });

  it('refuses another network, and a share that is none', () => {
    expect(() => interpolate(a, ticket([0], [1], [0, 0], 'other'), 0.5)).toThrow(
      'interpolate: expected two tickets of small, received one of another network, other',
    );
    expect(() => interpolate(a, b, 1.5)).toThrow('share: expected a number from 0 to 1, received 1.5');
  });
});
