/** The golden files themselves: fit for our specs, and true to arithmetic that needs no framework. */
import { readFileSync } from 'node:fs';
import { gradient as growByGradient, magnitude, rewireLayer } from '@freetickets/dst-trainer';
import { applyDelta, momentumOf } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { bits, expectClose, relativeError } from './compare.ts';
import { type Golden, goldenNames, readGolden } from './golden.ts';

it('there is a file for every operation, and every operation is in a file', () => {
  const used = new Set(goldenNames.flatMap((name) => readGolden(name).network.spec.nodes.map((node) => node.op)));
  const plain = ['add', 'avgPool', 'batchNorm', 'conv2d', 'flatten', 'globalAvgPool', 'linear', 'maxPool', 'relu'];
  expect([...used].sort()).toEqual([...plain, 'concat', 'dropout', 'memberScale'].sort());
});

it('the README lists exactly the files that are there', () => {
  const readme = readFileSync(new URL('../golden/README.md', import.meta.url), 'utf8');
  const listed = [...readme.slice(readme.indexOf('## The files')).matchAll(/^\| `(.+?)` \|/gm)].map((row) => row[1]);
  expect(listed.sort()).toEqual([...goldenNames, 'rewire'].sort());
});

for (const name of [...goldenNames, 'rewire'])
  describe(name, () => {
    const golden = readGolden(name);
    const { network, state } = golden;

    it('has exactly the parameters that the spec has, before and after', () => {
      const expected = [...network.params.keys()].sort();
      for (const part of ['param/', 'final/'])
        expect(
          golden.names
            .filter((tensor) => tensor.startsWith(part))
            .map((tensor) => tensor.slice(part.length))
            .sort(),
        ).toEqual(expected);
      for (const [param, { size }] of network.params) expect(golden.floats(`param/${param}`).length, param).toBe(size);
      for (const param of state.topology.keys()) expect(network.params.get(param)?.sparsifiable, param).toBe(true);
    });

    it('keeps dead weights at exactly 0', () => {
      for (const param of state.topology.keys())
        for (const part of name === 'rewire' ? ['param'] : ['param', 'final', ...(momentumOf(golden.optimizer) > 0 ? ['momentum'] : [])]) {
          const live = new Set(state.topology.get(param)!.live);
          const dead = golden.floats(`${part}/${param}`).filter((_, position) => !live.has(position));
          expect(
            dead.every((value) => value === 0),
            `${part}/${param}`,
          ).toBe(true);
        }
    });

    it('has labels that are classes', () => {
      for (let step = 0; step < golden.learningRates.length; step++)
        expect(golden.batch(step).labels.every((label) => label >= 0 && label < network.classes)).toBe(true);
    });
  });

/** Per sample and head: softmax and target over the classes, and the weight of the head in the loss of a batch. */
function headsOf(golden: Golden) {
  const { classes, heads } = golden.network;
  const { labels, mixed, size } = golden.batch(0);
  const logits = golden.floats('logits_train');
  const { labelSmoothing = 0, heads: how = 'mean' } = golden.loss ?? {};
  const weight = 1 / size / (how === 'sum' ? 1 : heads);
  return Array.from(labels, (label, row) => {
    const exponentials = Array.from(logits.slice(row * classes, (row + 1) * classes), Math.exp);
    const total = exponentials.reduce((a, b) => a + b, 0);
    const share = mixed?.shares[Math.floor(row / heads)] ?? 0;
    const target = exponentials.map((_, k) => {
      const hot = (label === k ? 1 - share : 0) + (mixed?.labels[row] === k ? share : 0);
      return (1 - labelSmoothing) * hot + labelSmoothing / classes;
    });
    return { head: row % heads, softmax: exponentials.map((value) => value / total), target, weight };
  });
}

it.each(goldenNames)('%s: the first loss is the cross-entropy of the first logits, within 1e-6', (name) => {
  const golden = readGolden(name);
  let sum = 0;
  for (const { softmax, target, weight } of headsOf(golden))
    softmax.forEach((value, k) => {
      sum -= weight * target[k]! * Math.log(value);
    });
  expectClose([sum], golden.floats('losses').slice(0, 1), 1e-6, 'loss');
});

it.each(goldenNames)('%s: the bias gradient of the last layer is the mean of softmax minus target, within 1e-5', (name) => {
  const golden = readGolden(name);
  const { spec, classes, heads } = golden.network;
  if (!golden.names.includes(`gradient/${spec.output}.bias`)) return;
  const gradient = new Float64Array(classes * heads);
  for (const { head, softmax, target, weight } of headsOf(golden))
    softmax.forEach((value, k) => {
      gradient[head * classes + k]! += weight * (value - target[k]!);
    });
  expectClose(gradient, golden.floats(`gradient/${spec.output}.bias`), 1e-5, 'gradient');
});

it('the rewiring run: each delta leads from one mask to the next, follows the rule that the file states, and is what the trainer decides', () => {
  const golden = readGolden('rewire');
  let topology = golden.state.topology;
  for (let rewiring = 1; rewiring <= golden.rewirings!; rewiring++) {
    const next = new Map(topology);
    for (const delta of golden.deltas(rewiring)) {
      const { param, dropped, grown } = delta;
      const before = topology.get(param)!;
      const weight = golden.floats(`rewiring${rewiring}/weight/${param}`);
      const gradient = golden.floats(`rewiring${rewiring}/gradient/${param}`);
      const count = Math.ceil(golden.fraction! * before.live.length);
      const smallest = lowest(before.live, (position) => Math.abs(weight[position]!), count);
      const kept = before.live.filter((position) => !smallest.has(position));
      const candidates = [...weight.keys()].filter((position) => !kept.includes(position));
      const largest = lowest(candidates, (position) => -Math.abs(gradient[position]!), count);
      const after = [...kept, ...largest].sort((a, b) => a - b);
      expect([...dropped]).toEqual([...before.live].filter((position) => !after.includes(position)));
      expect([...grown]).toEqual(after.filter((position) => !before.live.includes(position)));
      const values = Float32Array.from(before.live, (position) => weight[position]!);
      const layer = { param, ...before, values, signals: { gradient }, random: () => Number.NaN };
      expect(rewireLayer(layer, count, magnitude(), growByGradient()), 'the trainer').toEqual(delta);
      const applied = applyDelta(before, delta);
      expect([...applied.live]).toEqual(after);
      expect([...golden.integers(`rewiring${rewiring}/mask/${param}`)].flatMap((bit, position) => (bit ? [position] : []))).toEqual(after);
      next.set(param, applied);
    }
    topology = next;
  }
});

/** The `count` positions with the lowest scores; of equal ones the lower position. */
function lowest(positions: Iterable<number>, score: (position: number) => number, count: number): Set<number> {
  return new Set([...positions].sort((a, b) => score(a) - score(b) || a - b).slice(0, count));
}

describe('relativeError', () => {
  it('is the largest difference over the largest magnitude of the truth', () => {
    expect(relativeError([1, 2.5], [1, -2])).toBe(2.25);
    expect(relativeError([0.003], [0.001])).toBeCloseTo(0.2);
  });

  it('is not a number where anything is not', () => {
    expect(relativeError([0, Number.NaN, 0], [0, 0, 0])).toBeNaN();
    expect(relativeError([0], [Number.NaN])).toBeNaN();
    expect(() => expectClose([Number.NaN], [0], 1, 'x')).toThrow();
    expect(() => expectClose([1], [1, 1], 1, 'x')).toThrow();
  });

  it('bits tell -0 from 0', () => {
    expect(bits(Float32Array.of(-0))).not.toEqual(bits(Float32Array.of(0)));
  });
});
