import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { clampedDensities, type Distribution, er, erk, erkDensities, uniform, type WeightShape } from './distribution.ts';
import { forwardMultiplyAdds } from './flops.ts';
import { lenet5 } from './models/lenet5.ts';
import { lenet300, mlpCifar10 } from './models/multilayer.ts';
import { resnet20, resnet50 } from './models/resnet.ts';
import { wideResNet } from './models/wide-resnet.ts';
import { network } from './network.ts';
import type { NetworkSpec, ParamName } from './spec.ts';

interface Golden {
  readonly maskable_weights: number;
  readonly dense_forward_macs: number;
  readonly layers: readonly { readonly name: ParamName; readonly shape: readonly number[] }[];
  readonly sparsities: Readonly<Record<string, GoldenSparsity>>;
}

interface GoldenSparsity {
  readonly epsilon: number;
  readonly dense_layers: readonly ParamName[];
  readonly target_nonzeros: number;
  readonly forward_flops_ratio: number;
  readonly layers: readonly { readonly name: ParamName; readonly density: number; readonly recommended_nonzeros: number }[];
}

const golden: Readonly<Record<string, Golden>> = JSON.parse(
  readFileSync(new URL('../../../test/golden/erk.json', import.meta.url), 'utf8'),
).models;

const SPECS: Readonly<Record<string, NetworkSpec>> = {
  'resnet50-imagenet': resnet50(),
  'wrn-28-10-cifar10': wideResNet({ depth: 28, widen: 10 }),
  'wrn-28-10-cifar100': wideResNet({ depth: 28, widen: 10, classes: 100 }),
  'wrn-16-2-cifar10': wideResNet({ depth: 16, widen: 2 }),
  'wrn-28-2-cifar10': wideResNet({ depth: 28, widen: 2 }),
  'wrn-16-8-cifar10': wideResNet({ depth: 16, widen: 8 }),
  'wrn-16-10-cifar10': wideResNet({ depth: 16, widen: 10 }),
  'wrn-22-8-cifar10': wideResNet({ depth: 22, widen: 8 }),
  'resnet20-cifar10': resnet20(),
  'lenet300-100': lenet300(),
  'lenet5-caffe': lenet5(),
  'mlp-cifar10': mlpCifar10(),
};

describe.each(Object.entries(SPECS))('acceptance 1: ERK of %s, from test/golden/erk.json', (name, spec) => {
  const net = network(spec);
  const expected = golden[name]!;

  it('has the layers, in order', () => {
    const weights = [...net.params].filter(([, info]) => info.sparsifiable).map(([param, { shape }]) => ({ name: param, shape }));
    expect(weights).toEqual(expected.layers.map(({ name: layer, shape }) => ({ name: layer, shape })));
    expect(forwardMultiplyAdds(net)).toBe(expected.dense_forward_macs);
  });

  it.each(Object.entries(expected.sparsities))('has the densities at sparsity %s within 1e-9 and the exact counts', (sparsity, row) => {
    const { densities, epsilon } = erkDensities(net, Number(sparsity));
    expect(Math.abs(epsilon - row.epsilon)).toBeLessThan(1e-9 * row.epsilon);
    for (const layer of row.layers) expect(Math.abs(densities.get(layer.name)! - layer.density)).toBeLessThan(1e-9);
    expect(new Set([...densities].filter(([, density]) => density === 1).map(([param]) => param))).toEqual(new Set(row.dense_layers));
    const counts = erk()(net, Number(sparsity));
    expect([...counts]).toEqual(row.layers.map((layer) => [layer.name, layer.recommended_nonzeros]));
    expect([...counts.values()].reduce((a, b) => a + b)).toBe(row.target_nonzeros);
    const ratio = forwardMultiplyAdds(net, counts) / forwardMultiplyAdds(net);
    expect(ratio).toBeCloseTo(row.forward_flops_ratio, 4); // the golden ratio is of real-valued densities
  });
});

const weights = (shapes: Readonly<Record<string, readonly number[]>>): WeightShape[] =>
  Object.entries(shapes).map(([name, shape]) => ({ name: name as ParamName, shape, size: shape.reduce((a, b) => a * b) }));

describe('acceptance 1: clampedDensities', () => {
  const share =
    (power: number) =>
    ({ shape, size }: WeightShape) =>
      (shape.reduce((a, b) => a + b) / size) ** power;

  // Sparsities that jaxpruner's unit tests expect, to the digits given there.
  it.each([
    [{ a: [2, 4] }, 0.5, 1, { a: 0.5 }],
    [{ a: [2, 4], b: [3, 6], c: [2, 4, 6] }, 0.5, 1, { a: 0, b: 0.31, c: 0.655 }],
    [{ a: [2, 4], b: [3, 6], c: [2, 4, 6] }, 0.5, 2, { a: 0, b: 0.033, c: 0.758 }],
    [{ a: [2, 4], c: [3, 6, 7], d: [7, 4] }, 0.5, 1, { a: 0, c: 0.64, d: 0 }],
    [{ a: [2, 4], c: [3, 6, 7] }, 0.5, 1, { a: 0, c: 0.53 }],
  ])('%j at sparsity %d with power %d', (shapes, sparsity, power, expected) => {
    const { densities } = clampedDensities(weights(shapes), sparsity, share(power));
    for (const [name, value] of Object.entries(expected))
      expect(Math.abs(1 - densities.get(name as ParamName)! - value)).toBeLessThan(0.0051);
  });

  it.each(Object.entries(golden))('gives the densities of %s, from its shapes alone, within 1e-9', (_, { layers, sparsities }) => {
    const shapes = weights(Object.fromEntries(layers.map(({ name, shape }) => [name, shape])));
    for (const [sparsity, row] of Object.entries(sparsities)) {
      const { densities } = clampedDensities(shapes, Number(sparsity), share(1));
      for (const layer of row.layers) expect(Math.abs(densities.get(layer.name)! - layer.density)).toBeLessThan(1e-9);
    }
  });

  it('solves for epsilon where nothing overflows', () => {
    // Live weights: 0.2 * (8 + 18 + 48) = 14.8. Sums of dimensions: 6 + 9 + 12 = 27. A layer has epsilon * sum live weights.
    const { densities, epsilon } = clampedDensities(weights({ a: [2, 4], b: [3, 6], c: [2, 4, 6] }), 0.8, share(1));
    expect(epsilon).toBeCloseTo(14.8 / 27, 12);
    expect([...densities.values()].map((density, i) => density * [8, 18, 48][i]!)).toEqual(
      [6, 9, 12].map((sum) => expect.closeTo((14.8 / 27) * sum, 10)),
    );
  });
});

const lenet = network(lenet300());
const total = (counts: ReadonlyMap<ParamName, number>) => [...counts.values()].reduce((a, b) => a + b, 0);

describe('distributions', () => {
  it('give the counts of the example in the documentation', () => {
    expect([...erk()(lenet, 0.9)]).toEqual([
      ['fc1.weight', 18714],
      ['fc2.weight', 6906],
      ['fc3.weight', 1000],
    ]);
  });

  const all: [string, Distribution][] = [
    ['erk()', erk()],
    ['erk({ power: 2 })', erk({ power: 2 })],
    ['erk({ power: 0 })', erk({ power: 0 })],
    ['er()', er()],
    ['uniform()', uniform()],
  ];
  const nets = [lenet, network(lenet5()), network(resnet20()), network(wideResNet({ depth: 10, widen: 1 }))];

  it.each(all)('%s gives exactly round((1 - sparsity) * size) for any sparsity', (_, distribution) => {
    for (const net of nets) {
      const sizes = new Map([...net.params].filter(([, info]) => info.sparsifiable).map(([param, { size }]) => [param, size]));
      for (let percent = 1; percent < 100; percent += 7) {
        const counts = distribution(net, percent / 100);
        expect(total(counts)).toBe(Math.round(((100 - percent) * total(sizes)) / 100));
        expect([...counts.keys()]).toEqual([...sizes.keys()]);
        for (const [param, count] of counts) expect(Number.isInteger(count) && count >= 0 && count <= sizes.get(param)!).toBe(true);
      }
    }
  });

  it.each(all)('%s is dense at sparsity 0 and works just above it and just below 1', (_, distribution) => {
    expect([...distribution(lenet, 0).values()]).toEqual([235_200, 30_000, 1000]);
    expect(total(distribution(lenet, 1 / 266_200))).toBe(266_199);
    expect(total(distribution(lenet, 1e-15))).toBe(266_200);
    expect(total(distribution(lenet, 1 - 1 / 266_200))).toBe(1);
  });

  it.each(all)('%s refuses a sparsity outside [0, 1)', (_, distribution) => {
    for (const sparsity of [1, -0.1, 1.5, Number.NaN, '0.9' as unknown as number].slice(0, 4))
      expect(() => distribution(lenet, sparsity)).toThrow(/sparsity: expected a number in \[0, 1\)/);
  });

  it('erk refuses a power that is none', () => {
    expect(() => erk({ power: Number.NaN })(lenet, 0.5)).toThrow(/power/);
  });

  it('erk leaves fixed layers out of both sums', () => {
    // fc1 and fc2: sums of dimensions 1084 and 400, budget 26 520: epsilon = 26520 / 1484. fc3 has half of 1000.
    const counts = erk({ fixed: { 'fc3.weight': 0.5 } })(lenet, 0.9);
    const epsilon = 26_520 / 1484;
    expect([...counts.keys()]).toEqual(['fc1.weight', 'fc2.weight', 'fc3.weight']);
    expect(counts.get('fc3.weight')).toBe(500);
    expect(Math.abs(counts.get('fc1.weight')! - 1084 * epsilon)).toBeLessThan(1);
    expect(counts.get('fc1.weight')! + counts.get('fc2.weight')!).toBe(26_520);
    expect(erk({ fixed: { 'fc1.weight': 1 } })(lenet, 0.9).get('fc1.weight')).toBe(235_200);
  });

  it('erk refuses a fixed layer that is none, and a density that is none', () => {
    expect(() => erk({ fixed: { 'fc9.weight': 0.5 } })(lenet, 0.9)).toThrow('fixed fc9.weight: expected a weight that may be sparse');
    expect(() => erk({ fixed: { 'fc1.weight': 2 } })(lenet, 0.9)).toThrow('fixed fc1.weight: expected a density from 0 to 1, received 2');
  });

  it('ERK with power 0 is uniform', () => {
    expect(erk({ power: 0 })(lenet, 0.9)).toEqual(uniform()(lenet, 0.9));
  });

  it('ER ignores the kernel: densities of two convolutions as (O + I) / (O I)', () => {
    // conv1 (4, 3, 5, 5), conv2 (20, 4, 1, 1): shares 7/12 and 24/80; sizes 300 and 80; budget 38.
    // epsilon = 38 / (300 * 7/12 + 80 * 24/80) = 38 / 199; live 175 epsilon = 33.417 and 24 epsilon = 4.583: 33 and 5.
    const net = network({
      version: 1,
      name: 'two',
      input: { shape: [3, 8, 8] },
      nodes: [
        { id: 'conv1', op: 'conv2d', from: ['input'], out: 4, kernel: 5 },
        { id: 'conv2', op: 'conv2d', from: ['conv1'], out: 20, kernel: 1 },
        { id: 'pool', op: 'globalAvgPool', from: ['conv2'] },
      ],
      output: 'pool',
    });
    expect([...er()(net, 0.9).values()]).toEqual([33, 5]);
    // ERK: sums of dimensions 17 and 26, epsilon = 38 / 43: 15.02 and 22.98.
    expect([...erk()(net, 0.9).values()]).toEqual([15, 23]);
  });

  it('uniform gives the odd weights to the largest fractions, ties to the earlier layer', () => {
    const net = network({
      version: 1,
      name: 'ties',
      input: { shape: [3] },
      nodes: ['a', 'b', 'c'].map((id, i) => ({ id, op: 'linear', from: [i === 0 ? 'input' : 'abc'[i - 1]!], out: 3 })),
      output: 'c',
    });
    // 9 weights each at density 0.5: 4.5 each, 13.5 in all, rounded to 14: two of the three halves go up.
    expect([...uniform()(net, 0.5).values()]).toEqual([5, 5, 4]);
  });

  it('uniform can keep the first layer dense, on top of the total of the others', () => {
    expect([...uniform({ denseFirst: true })(lenet, 0.9)]).toEqual([
      ['fc1.weight', 235_200],
      ['fc2.weight', 3000],
      ['fc3.weight', 100],
    ]);
  });

  it('leave out layers that the spec declares dense', () => {
    const spec = lenet300();
    const nodes = spec.nodes.map((node) => (node.op === 'linear' && node.id === 'fc3' ? { ...node, dense: true as const } : node));
    const counts = erk()(network({ ...spec, nodes }), 0.9);
    expect([...counts.keys()]).toEqual(['fc1.weight', 'fc2.weight']);
    expect(total(counts)).toBe(26_520);
  });
});
