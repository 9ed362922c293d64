/** Every network against the definitions written out in PyTorch (tooling/golden/make_networks.py), and its ERK table against numpy's. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { erk, erkDensities } from '../distribution.ts';
import { forwardMultiplyAdds, parameterCount } from '../flops.ts';
import { network } from '../network.ts';
import type { ParamName } from '../spec.ts';
import { listModels, modelByName } from './model-by-name.ts';

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../../../test/golden/${name}`, import.meta.url), 'utf8'));

interface GoldenNetwork {
  readonly total: number;
  readonly maskable: number;
  readonly parameters: readonly string[];
}

const networks: Readonly<Record<string, GoldenNetwork>> = read('networks.json').networks;

/** `conv1.weight 64x3x7x7` stands for itself, `bn1 64` for the four vectors of a batch normalization. */
const expanded = (row: string): string[] => {
  const [name = '', shape = ''] = row.split(' ');
  if (/\.(weight|bias)$/.test(name)) return [row];
  return ['weight', 'bias', 'running_mean', 'running_var'].map((kind) => `${name}.${kind} ${shape}`);
};

describe.each(Object.entries(networks))('%s, as written in PyTorch', (name, golden) => {
  const net = network(modelByName(name));

  it('has the parameters of the state dict, by name and shape', () => {
    const own = [...net.params].map(([param, { shape }]) => `${param} ${shape.join('x')}`);
    // PyTorch lists a block's modules in the order of its constructor, a spec in the order of computation.
    expect(own.toSorted()).toEqual(golden.parameters.flatMap(expanded).toSorted());
  });

  it('has as many parameters, and weights that may be sparse', () => {
    const { total, sparsifiable } = parameterCount(net);
    expect([total, sparsifiable]).toEqual([golden.total, golden.maskable]);
  });
});

it('every listed model is among them', () => {
  expect(Object.keys(networks)).toEqual(expect.arrayContaining(listModels().map(({ name }) => name)));
});

// Parameters in all, weights that may be sparse, multiply-adds of one picture: the published counts for 10 and for 100 classes.
it.each([
  ['wrn-28-10', 10, 36_479_194, 36_461_232, 5_243_328_768],
  ['wrn-28-2', 10, 1_467_610, 1_463_984, 214_353_152],
  ['wrn-22-8', 10, 17_158_106, 17_147_312, 2_454_115_328],
  ['wrn-16-8', 10, 10_961_370, 10_954_160, 1_548_145_664],
  ['wrn-16-10', 10, 17_116_634, 17_107_632, 2_412_173_568],
  ['wrn-16-2', 10, 691_674, 689_840, 101_106_944],
  ['wrn-28-10', 100, 36_536_884, 36_518_832, 5_243_386_368],
  ['vgg-d', 10, 15_255_626, 15_239_872, 313_725_952],
  ['vgg-c', 10, 11_323_466, 11_307_712, 310_973_440],
  ['vgg-like', 10, 14_991_946, 14_977_728, 313_463_808],
  ['vgg-d', 100, 15_301_796, 15_285_952, 313_772_032],
  ['vgg-c', 100, 11_369_636, 11_353_792, 311_019_520],
  ['vgg-like', 100, 15_038_116, 15_023_808, 313_509_888],
  ['alexnet-s', 10, 5_077_066, 5_066_784, 57_664_800],
  ['alexnet-b', 10, 8_501_322, 8_484_896, 61_082_912],
  ['resnet-50', 1000, 25_557_032, 25_502_912, 4_089_184_256],
])('acceptance 3: %s for %d classes has the published counts', (name, classes, total, sparsifiable, multiplyAdds) => {
  const net = network(modelByName(name, { classes }));
  expect({ ...parameterCount(net), multiplyAdds: forwardMultiplyAdds(net) }).toMatchObject({ total, sparsifiable, multiplyAdds });
});

interface GoldenTable {
  readonly dense_forward_macs: number;
  readonly layers: readonly { readonly name: ParamName; readonly shape: readonly number[]; readonly out_size: number }[];
  readonly sparsities: Readonly<
    Record<
      string,
      { readonly epsilon: number; readonly layers: readonly { name: ParamName; density: number; recommended_nonzeros: number }[] }
    >
  >;
}

const tables: Readonly<Record<string, GoldenTable>> = read('erk.json').models;

describe.each(['vgg-d', 'vgg-c', 'vgg-like', 'alexnet-s', 'alexnet-b'])('acceptance 1: ERK of %s, from test/golden/erk.json', (name) => {
  const net = network(modelByName(name));
  const table = tables[`${name}-cifar10`]!;

  it('has the layers and the sizes of their maps', () => {
    const layers = [...net.params].filter(([, { sparsifiable }]) => sparsifiable);
    expect(layers.map(([param, { shape, node }]) => [param, shape, net.shapes.get(node)![1] ?? 1])).toEqual(
      table.layers.map((layer) => [layer.name, layer.shape, layer.out_size]),
    );
    expect(forwardMultiplyAdds(net)).toBe(table.dense_forward_macs);
  });

  it.each(Object.entries(table.sparsities))('has the densities at sparsity %s within 1e-9 and the exact counts', (sparsity, row) => {
    const { densities, epsilon } = erkDensities(net, Number(sparsity));
    expect(Math.abs(epsilon - row.epsilon)).toBeLessThan(1e-9 * row.epsilon);
    for (const layer of row.layers) expect(Math.abs(densities.get(layer.name)! - layer.density)).toBeLessThan(1e-9);
    expect([...erk()(net, Number(sparsity))]).toEqual(row.layers.map((layer) => [layer.name, layer.recommended_nonzeros]));
  });
});
