import {
  initialState,
  lenet300,
  type ModelState,
  network,
  type Prediction,
  randomTopology,
  rng,
  type Topology,
} from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { golden, labels, prediction } from '../../test/golden.ts';
import {
  disagreement,
  type Metric,
  meanPairwiseJs,
  meanPairwiseKappa,
  meanPairwiseKl,
  meanPairwiseQStatistic,
  pairwise,
  pairwiseDisagreement,
  pairwiseJs,
  pairwiseKappa,
  pairwiseKl,
  pairwiseQStatistic,
  topologyOverlap,
  weightCosine,
} from '../index.ts';

function score<Value>(metric: Metric<Value>, of: Prediction = prediction, truth = labels): Value {
  metric.update(of, truth);
  return metric.value();
}

/** Mean off the diagonal. */
const meanOff = (table: readonly (readonly number[])[]) =>
  table.flatMap((row, i) => row.filter((_, j) => i !== j)).reduce((sum, value, _, all) => sum + value / all.length, 0);

describe('diversity of members', () => {
  const tables: readonly (readonly [string, Metric<Float64Array>, Metric, keyof typeof golden.diversity])[] = [
    ['KL with scipy', pairwiseKl(), meanPairwiseKl(), 'kl'],
    ['JS with scipy', pairwiseJs(), meanPairwiseJs(), 'js'],
    ['kappa on classes with scikit-learn', pairwiseKappa(), meanPairwiseKappa(), 'kappa_class'],
    ['kappa on correctness with scikit-learn', pairwiseKappa({ on: 'correct' }), meanPairwiseKappa({ on: 'correct' }), 'kappa_correct'],
    ['Q with numpy', pairwiseQStatistic(), meanPairwiseQStatistic(), 'q'],
  ];
  it.each(tables)('agrees within 1e-10: %s', (_, table, mean, key) => {
    const expected = golden.diversity[key] as readonly (readonly number[])[];
    expect([...score(table)]).toEqual(expected.flat().map((value) => expect.closeTo(value, 10)));
    expect(score(mean)).toBeCloseTo(meanOff(expected), 10);
  });
  it('disagreement agrees with torch-uncertainty within its float32', () => {
    expect(score(disagreement())).toBeCloseTo(golden.diversity.disagreement, 6);
    const table = score(pairwiseDisagreement());
    expect(table.reduce((sum, value) => sum + value, 0) / 12).toBeCloseTo(score(disagreement()), 14);
  });

  // Two members, four samples of class 0: right right wrong wrong, right wrong right wrong.
  const right = [1, 0];
  const wrong = [0, 1];
  const memberProbs = Float32Array.from([right, right, wrong, wrong, right, wrong, right, wrong].flat());
  const independent: Prediction = { size: 4, classes: 2, members: 2, probs: memberProbs.slice(0, 8), memberProbs };
  it('by hand: members that are right independently have Q 0 and kappa 0', () => {
    expect(score(meanPairwiseQStatistic(), independent, new Int32Array(4))).toBe(0);
    expect(score(meanPairwiseKappa(), independent, new Int32Array(4))).toBe(0);
    expect(score(meanPairwiseJs(), independent, new Int32Array(4))).toBeCloseTo(Math.LN2 / 2, 15); // ln 2 where they differ
  });
  it('by hand: members that are wrong on different samples have Q -1', () => {
    const opposite = { ...independent, memberProbs: Float32Array.from([right, right, wrong, wrong, wrong, wrong, right, right].flat()) };
    expect(score(meanPairwiseQStatistic(), opposite, new Int32Array(4))).toBe(-1);
    expect(score(meanPairwiseKappa(), opposite, new Int32Array(4))).toBe(-1);
  });
  it('has no value for a single member, nor Q where nobody is wrong', () => {
    const single = { ...independent, members: 1, memberProbs: memberProbs.slice(0, 8) };
    for (const metric of [meanPairwiseJs(), meanPairwiseKappa(), meanPairwiseQStatistic()])
      expect(score(metric, single, new Int32Array(4)), metric.name).toBeNaN();
    const certain = { ...independent, memberProbs: Float32Array.from(Array(8).fill(right).flat()) };
    expect(score(meanPairwiseQStatistic(), certain, new Int32Array(4))).toBeNaN();
  });
  it('refuses another number of members or classes in a later batch, and merging kappas of different choices', () => {
    for (const metric of [pairwiseKappa(), pairwiseQStatistic()]) {
      metric.update(prediction, labels);
      expect(() => metric.update(independent, new Int32Array(4)), metric.name).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
    }
    expect(() => pairwiseKappa().merge(pairwiseKappa({ on: 'correct' }))).toThrow('pairwiseKappa.merge');
    expect(() => pairwiseKappa({ on: 'label' as never })).toThrow('pairwiseKappa.on: expected class or correct');
  });
});

const layer = (live: readonly number[], shape: readonly number[] = [2, 4]) => ({ shape, live: Uint32Array.from(live) });

describe('topology overlap', () => {
  const a: Topology = new Map([
    ['one.weight', layer([0, 2, 5])],
    ['two.weight', layer([1, 3])],
  ]);
  const b: Topology = new Map([
    ['one.weight', layer([2, 5, 7])],
    ['two.weight', layer([0, 6])],
  ]);
  it('by hand: 2 of 4 positions shared in one layer, 0 of 4 in the other', () => {
    const { total, layers } = topologyOverlap(a, b);
    expect(total).toBe(2 / 8);
    expect([...layers]).toEqual([
      ['one.weight', 2 / 4],
      ['two.weight', 0],
    ]);
    expect(topologyOverlap(b, a).total).toBe(total);
    expect(topologyOverlap(a, a).total).toBe(1);
  });
  it('is d / (2 - d) for topologies drawn apart at density d, within five deviations', () => {
    const net = network(lenet300());
    const sizes = new Map([['fc1.weight', 235_200 / 5]] as const); // density 1/5
    const { total } = topologyOverlap(randomTopology(net, sizes, 1), randomTopology(net, sizes, 2));
    // Shared positions are hypergeometric: mean 235200 / 25 = 9408, deviation sqrt(9408 * .8 * .8) = 78, of a union of 84,672.
    expect(Math.abs(total - 0.2 / 1.8)).toBeLessThan((5 * 78 * 1.2) / 84_672);
  });
  it('counts layers without a live weight as equal', () => {
    const empty: Topology = new Map([['one.weight', layer([])]]);
    expect(topologyOverlap(empty, empty).total).toBe(1);
  });
  it('refuses tickets of different networks', () => {
    const fewer: Topology = new Map([['one.weight', layer([0])]]);
    expect(() => topologyOverlap(a, fewer)).toThrow('b: two.weight: expected a sparse weight of shape 2x4');
    expect(() => topologyOverlap(fewer, a)).toThrow('b: two.weight: expected a weight that is sparse in both tickets');
    const other: Topology = new Map([['one.weight', layer([0], [4, 2])]]);
    expect(() => topologyOverlap(fewer, other)).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
  });
});

describe('cosine of weights', () => {
  const net = network(lenet300());
  const state = (seed: number): ModelState => initialState(net, randomTopology(net, new Map([['fc1.weight', 2000]] as const), seed), seed);

  it('is 1 with itself, -1 with its negative, whatever the biases', () => {
    const one = state(1);
    const negative = new Map([...one.values].map(([param, values]) => [param, param.endsWith('bias') ? values : values.map((v) => -v)]));
    expect(weightCosine(one, one)).toBeCloseTo(1, 14);
    expect(weightCosine(one, { ...one, values: negative })).toBeCloseTo(-1, 14);
  });
  it('equals the cosine of the dense vectors, written out', () => {
    const [one, two] = [state(1), state(2)];
    const vector = ({ values, topology }: ModelState) =>
      (['fc1.weight', 'fc2.weight', 'fc3.weight'] as const).flatMap((param) => {
        const live = topology.get(param)?.live;
        const own = values.get(param)!;
        if (!live) return [...own];
        const dense: number[] = Array(235_200).fill(0);
        for (const [k, position] of live.entries()) dense[position] = own[k]!;
        return dense;
      });
    const [x, y] = [vector(one), vector(two)];
    const dot = (p: readonly number[], q: readonly number[]) => p.reduce((sum, value, k) => sum + value * q[k]!, 0);
    expect(weightCosine(one, two)).toBeCloseTo(dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y)), 12);
    expect(pairwise([one, two], weightCosine)).toEqual(
      Float64Array.of(weightCosine(one, one), weightCosine(one, two), weightCosine(one, two), weightCosine(two, two)),
    );
  });
  it('refuses tickets of different networks', () => {
    const one = state(1);
    const values = new Map(one.values).set('fc2.weight', new Float32Array(3));
    expect(() => weightCosine(one, { ...one, values })).toThrow('fc2.weight: expected a weight of 30000 values in both tickets');
  });
});

describe('random agreement', () => {
  it('kappa of members that guess is near 0: within five deviations of 1 / sqrt(3 n) at four classes', () => {
    const stream = rng(5).stream('guess');
    const size = 4000;
    const guesses = Float32Array.from({ length: 2 * size * 4 }, () => stream.uniform());
    const guessing: Prediction = { size, classes: 4, members: 2, probs: guesses.slice(0, size * 4), memberProbs: guesses };
    expect(Math.abs(score(meanPairwiseKappa(), guessing, new Int32Array(size)))).toBeLessThan(5 / Math.sqrt(3 * size));
  });
});
