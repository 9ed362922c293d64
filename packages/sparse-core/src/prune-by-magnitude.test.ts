import { describe, expect, it } from 'vitest';
import { uniform } from './distribution.ts';
import { distributionFromScores, magnitudeScores } from './distribution-scores.ts';
import { network } from './network.ts';
import { pruneByMagnitude } from './prune-by-magnitude.ts';
import type { NetworkSpec, ParamName } from './spec.ts';
import type { ModelState } from './state.ts';

const spec: NetworkSpec = {
  version: 1,
  name: 'two',
  input: { shape: [3] },
  nodes: [
    { id: 'a', op: 'linear', from: ['input'], out: 2 },
    { id: 'b', op: 'linear', from: ['a'], out: 2, bias: false },
    { id: 'c', op: 'linear', from: ['b'], out: 1, bias: false, dense: true },
  ],
  output: 'c',
};
const net = network(spec);
const dense: ModelState = {
  spec,
  topology: new Map(),
  values: new Map<ParamName, Float32Array>([
    ['a.weight', Float32Array.of(0.5, -3, 0.1, 2, -0.5, 1)],
    ['a.bias', Float32Array.of(0.01, 0.02)],
    ['b.weight', Float32Array.of(-0.2, 0.3, 0.3, 9)],
    ['c.weight', Float32Array.of(1, 0)],
  ]),
  step: 40,
};
const live = (state: ModelState) => [...state.topology].map(([param, layer]) => [param, [...layer.live], [...state.values.get(param)!]]);

describe('pruneByMagnitude', () => {
  it('keeps the largest magnitudes of each layer, of equal ones those at lower positions', () => {
    const counts = new Map<ParamName, number>([
      ['a.weight', 4],
      ['b.weight', 2],
    ]);
    expect(live(pruneByMagnitude(dense, counts))).toEqual([
      ['a.weight', [0, 1, 3, 5], [0.5, -3, 2, 1]],
      ['b.weight', [1, 3], [Math.fround(0.3), 9]],
    ]);
  });

  it('lets the layers compete under a global count', () => {
    // |w| in order: 9, 3, 2, 1, 0.5, 0.5, ...; of 10 weights 5 live, of the equal two the lower position
    const counts = distributionFromScores(magnitudeScores(dense.values))(net, 0.5);
    expect(live(pruneByMagnitude(dense, counts))).toEqual([
      ['a.weight', [0, 1, 3, 5], [0.5, -3, 2, 1]],
      ['b.weight', [3], [9]],
    ]);
  });

  it('leaves everything else alone: biases, dense layers, the step, a layer that keeps all', () => {
    const state = pruneByMagnitude({ ...dense, momentum: new Map() }, new Map<ParamName, number>([['b.weight', 4]]));
    expect(state).toEqual(dense);
    const none = pruneByMagnitude(dense, new Map<ParamName, number>([['a.weight', 0]]));
    expect([none.topology.get('a.weight')!.live.length, none.values.get('a.bias'), none.step]).toEqual([0, dense.values.get('a.bias'), 40]);
  });

  it('prunes further what is sparse already', () => {
    const once = pruneByMagnitude(dense, uniform()(net, 0.5)); // 3 of 6 and 2 of 4
    const twice = pruneByMagnitude(once, new Map<ParamName, number>([['a.weight', 1]]));
    expect([...twice.topology.get('a.weight')!.live]).toEqual([1]);
    expect(() => pruneByMagnitude(once, new Map<ParamName, number>([['a.weight', 4]]))).toThrow(
      /a\.weight: expected a live count from 0 to 3, as many as live now, received 4/,
    );
  });

  it.each([
    ['c.weight', /c\.weight: expected a weight that may be sparse, received "a dense one"/],
    ['d.weight', /received "no such parameter"/],
  ] as const)('refuses a count for %s', (param, message) => {
    expect(() => pruneByMagnitude(dense, new Map([[param, 1]]))).toThrow(message);
  });
});
