import { initialState, type ModelState, network, randomTopology } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { topologyMaps } from './topology-maps.ts';

/** 2 channels of 3 x 4 pixels, straight into a linear layer of 5 outputs, and one of 2 on top. */
const net = network({
  version: 1,
  name: 'tiny',
  input: { shape: [2, 3, 4] },
  nodes: [
    { id: 'flat', op: 'flatten', from: ['input'] },
    { id: 'fc1', op: 'linear', from: ['flat'], out: 5 },
    { id: 'relu', op: 'relu', from: ['fc1'] },
    { id: 'fc2', op: 'linear', from: ['relu'], out: 2 },
  ],
  output: 'fc2',
});

function ticket(live: Readonly<Record<string, readonly number[]>>): ModelState {
  const topology = new Map(
    Object.entries(live).map(([param, own]) => [
      param as never,
      { shape: net.params.get(param as never)!.shape, live: Uint32Array.from(own) },
    ]),
  );
  return initialState(net, topology, 1);
}

describe('topologyMaps', () => {
  it('counts live weights at each pixel over channels and outputs, by hand', () => {
    // fc1.weight is (5, 24); position 24 o + 12 c + pixel
    const maps = topologyMaps([ticket({ 'fc1.weight': [0, 12, 24, 35] })])!;
    const [layer] = maps.layers;
    expect(layer).toMatchObject({ param: 'fc1.weight', shape: [5, 24], rows: 5, columns: 24 });
    expect(layer!.pixels).toEqual({ height: 3, width: 4, tickets: [[3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]] });
    expect(layer!.tickets[0]!.flatMap((density, cell) => (density > 0 ? [[cell, density]] : []))).toEqual([
      [0, 1],
      [12, 1],
      [24, 1],
      [35, 1],
    ]);
  });

  it('keeps the live count in the densities of larger layers', () => {
    const wide = network({ ...net.spec, input: { shape: [1, 10, 10] } });
    const counts = new Map([['fc1.weight' as const, 100]]);
    const state = initialState(wide, randomTopology(wide, counts, 7), 1);
    const [layer] = topologyMaps([state])!.layers;
    expect([layer!.rows, layer!.columns]).toEqual([5, 32]);
    // columns of 100 inputs in 32 cells: 3 or 4 inputs each, of which cell k has ceil(25 (k + 1) / 8) - ceil(25 k / 8)
    const width = (k: number) => Math.ceil((25 * (k + 1)) / 8) - Math.ceil((25 * k) / 8);
    const total = layer!.tickets[0]!.reduce((sum, density, cell) => sum + density * width(cell % 32), 0);
    expect(total).toBeCloseTo(100, 0);
    expect(layer!.pixels!.tickets[0]!.reduce((sum, count) => sum + count)).toBe(100);
  });

  it('has only layers that are sparse in every ticket', () => {
    const maps = topologyMaps([ticket({ 'fc1.weight': [1], 'fc2.weight': [0] }), ticket({ 'fc2.weight': [3] })])!;
    expect(maps.layers.map(({ param, tickets }) => [param, tickets.length])).toEqual([['fc2.weight', 2]]);
    expect(maps.layers[0]!.pixels).toBeUndefined();
    expect([topologyMaps([]), topologyMaps([ticket({})])]).toEqual([undefined, undefined]);
  });
});
