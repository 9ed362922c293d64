/** The forms of networks that members share: by tables drawn by hand, and by counts from the published networks. */
import { describe, expect, it } from 'vitest';
import { forwardMultiplyAdds, parameterCount } from '../flops.ts';
import { lenet5 } from '../models/lenet5.ts';
import { modelByName } from '../models/model-by-name.ts';
import { lenet300 } from '../models/multilayer.ts';
import { network } from '../network.ts';
import type { NetworkSpec, NodeSpec, ParamName } from '../spec.ts';
import { initialState, type ModelState } from '../state.ts';
import { batchEnsemble, splitMembers } from './batch-ensemble.ts';
import { mimo, withOneInput } from './mimo.ts';
import { treeNet } from './tree-net.ts';
import { withDropout } from './with-dropout.ts';

const spec = (shape: readonly number[], nodes: readonly NodeSpec[]): NetworkSpec => ({
  version: 1,
  name: 'case',
  input: { shape },
  nodes,
  output: nodes.at(-1)!.id,
});
const state = (
  of: NetworkSpec,
  values: Readonly<Record<string, readonly number[]>>,
  live: Readonly<Record<string, number[]>> = {},
): ModelState => ({
  spec: of,
  topology: new Map(
    Object.entries(live).map(([param, own]) => [
      param as ParamName,
      { shape: network(of).params.get(param as ParamName)!.shape, live: Uint32Array.from(own) },
    ]),
  ),
  values: new Map(Object.entries(values).map(([param, own]) => [param as ParamName, Float32Array.from(own)])),
  step: 7,
});
const valuesOf = ({ values }: ModelState) => Object.fromEntries([...values].map(([param, own]) => [param, [...own]]));
/** One of each kind of block, and not the largest. */
const models = ['lenet-300-100', 'lenet-5', 'mlp-cifar10', 'vgg-c', 'alexnet-s', 'wrn-16-2', 'resnet-20', 'resnet-18', 'resnet-50-cifar'];
/** All parameters 0. */
const blank = (of: NetworkSpec): ModelState => ({
  spec: of,
  topology: new Map(),
  values: new Map([...network(of).params].map(([param, { size }]) => [param, new Float32Array(size)])),
  step: 0,
});

describe('withDropout', () => {
  const placesIn = (raw: NetworkSpec) =>
    withDropout(raw, 0.1)
      .nodes.filter(({ op }) => op === 'dropout')
      .map(({ id, from }) => `${from} > ${id.replace('.dropout', '')}`);

  it('stands before linear layers after the first', () => {
    expect(placesIn(lenet300())).toEqual(['relu1 > fc2', 'relu2 > fc3']);
    expect(placesIn(lenet5())).toEqual(['relu3 > fc4']);
    expect(placesIn(modelByName('vgg-d'))).toEqual(['classifier.2 > classifier.3', 'classifier.5 > classifier.6']);
  });
  it('stands in each residual block after its first convolution, never on a shortcut', () => {
    const blocks = [1, 2, 3].flatMap((group) => [0, 1].map((block) => `block${group}.layer.${block}`));
    expect(placesIn(modelByName('wrn-16-2'))).toEqual(blocks.map((block) => `${block}.relu2 > ${block}.conv2`));
    expect(placesIn(modelByName('resnet-20'))).toHaveLength(9);
    expect(placesIn(modelByName('resnet-50'))[0]).toBe('layer1.0.relu1 > layer1.0.conv2');
  });
  it('leaves parameters and operations as they are', () => {
    const [plain, dropping] = [network(lenet300()), network(withDropout(lenet300(), 0.1))];
    expect([...dropping.params.keys()]).toEqual([...plain.params.keys()]);
    expect(forwardMultiplyAdds(dropping)).toBe(forwardMultiplyAdds(plain));
  });
  it('refuses a network without a place for it, and a rate of 1', () => {
    const one = spec([2], [{ id: 'fc', op: 'linear', from: ['input'], out: 2 }]);
    expect(() => withDropout(one, 0.1)).toThrow('case: expected residual blocks or at least two linear layers');
    expect(() => withDropout(lenet300(), 1)).toThrow('rate: expected a number from 0 to below 1, received 1');
  });
});

describe('batchEnsemble', () => {
  const one = spec([2], [{ id: 'fc', op: 'linear', from: ['input'], out: 2 }]);

  it('has factors for every channel into and out of every layer', () => {
    const shared = batchEnsemble(lenet300(), 4);
    const factors = [...network(shared).params].filter(([, { kind }]) => kind === 'memberScale');
    expect(factors.map(([param, { shape }]) => [param, ...shape])).toEqual([
      ['fc1.r.weight', 4, 784],
      ['fc1.s.weight', 4, 300],
      ['fc2.r.weight', 4, 300],
      ['fc2.s.weight', 4, 100],
      ['fc3.r.weight', 4, 100],
      ['fc3.s.weight', 4, 10],
    ]);
    expect(shared.nodes.find(({ id }) => id === 'relu1')!.from).toEqual(['fc1.s']);
    expect([shared.output, network(shared).heads]).toEqual(['fc3.s', 1]);
  });

  // W = (1 2 / 3 4), b = (5 6); member 1 has r = (2, 3) and s = (10, 100).
  const dense = { 'fc.weight': [1, 2, 3, 4], 'fc.bias': [5, 6], 'fc.r.weight': [1, 1, 2, 3], 'fc.s.weight': [1, 1, 10, 100] };
  it('is split into tickets with the factors in rows, columns and bias', () => {
    const [first, second, ...others] = splitMembers(state(batchEnsemble(one, 2), dense));
    expect(others).toEqual([]);
    expect(first).toMatchObject({ spec: one, step: 7 });
    expect(valuesOf(first!)).toEqual({ 'fc.weight': [1, 2, 3, 4], 'fc.bias': [5, 6] });
    expect(valuesOf(second!)).toEqual({ 'fc.weight': [20, 60, 600, 1200], 'fc.bias': [50, 600] });
  });
  it('keeps the topology of sparse weights', () => {
    const sparse = state(batchEnsemble(one, 2), { ...dense, 'fc.weight': [2, 3] }, { 'fc.weight': [1, 2] });
    const [, second] = splitMembers(sparse);
    expect(valuesOf(second!)['fc.weight']).toEqual([60, 600]);
    expect(second!.topology).toEqual(sparse.topology);
  });
  it('scales whole kernels of a convolution', () => {
    const conv = spec(
      [2, 2, 2],
      [
        { id: 'conv', op: 'conv2d', from: ['input'], out: 1, kernel: 2, bias: false },
        { id: 'flat', op: 'flatten', from: ['conv'] },
      ],
    );
    const shared = state(batchEnsemble(conv, 1), {
      'conv.weight': [1, 1, 1, 1, 1, 1, 1, 1],
      'conv.r.weight': [2, 3],
      'conv.s.weight': [5],
    });
    const [only] = splitMembers(shared);
    expect(only!.spec).toEqual(conv);
    expect(valuesOf(only!)).toEqual({ 'conv.weight': [10, 10, 10, 10, 15, 15, 15, 15] });
  });
  it.each(models)('%s comes back as it was', (name) => {
    const raw = modelByName(name);
    const shared = blank(batchEnsemble(raw, 2));
    expect(splitMembers(shared).map((member) => member.spec)).toEqual([raw, raw]);
  });
  it('leaves a state without factors alone, and refuses factors that have no layer', () => {
    const plain = initialState(network(lenet300()), new Map(), 1);
    expect(splitMembers(plain)).toEqual([plain]);
    const stray = spec(
      [2],
      [
        { id: 'relu', op: 'relu', from: ['input'] },
        { id: 'scale', op: 'memberScale', from: ['relu'], members: 2 },
      ],
    );
    expect(() => splitMembers(state(stray, { 'scale.weight': [1, 1, 1, 1] }))).toThrow('node scale: expected 2 members, and a convolution');
  });
});

describe('mimo', () => {
  it('reads its images side by side and answers for each', () => {
    const shared = network(mimo(modelByName('wrn-16-2'), 3));
    expect([shared.spec.input.shape, shared.heads, shared.classes]).toEqual([[9, 32, 32], 3, 10]);
    expect(shared.params.get('conv1.weight')!.shape).toEqual([16, 9, 3, 3]);
    expect(shared.params.get('fc.weight')!.shape).toEqual([30, 128]);
    // Six more channels for 16 kernels of 3x3, and two more classifiers of 10 x 128 with bias.
    expect(parameterCount(shared).total).toBe(691_674 + 6 * 16 * 9 + 2 * 1290);
  });

  const one = spec(
    [1, 1, 2],
    [
      { id: 'flat', op: 'flatten', from: ['input'] },
      { id: 'fc', op: 'linear', from: ['flat'], out: 1 },
    ],
  );
  it('asked about one image has the sum of its kernels', () => {
    // Two outputs; columns: first image (2 features), second image.
    const trained = state(mimo(one, 2), { 'fc.weight': [1, 2, 30, 40, 5, 6, 70, 80], 'fc.bias': [1, 2] });
    const ticket = withOneInput(trained);
    expect(ticket.spec).toMatchObject({ input: { shape: [1, 1, 2] }, heads: 2 });
    expect(valuesOf(ticket)).toEqual({ 'fc.weight': [31, 42, 75, 86], 'fc.bias': [1, 2] });
    expect(network(ticket.spec).params.get('fc.weight')!.shape).toEqual([2, 2]);
  });
  it('has a live weight where one of its terms lives', () => {
    // Row 0 lives at columns 1 and 3 (both feature 1), row 1 at column 2 (feature 0).
    const trained = state(mimo(one, 2), { 'fc.weight': [2, -2, 5], 'fc.bias': [0, 0] }, { 'fc.weight': [1, 3, 6] });
    const ticket = withOneInput(trained);
    expect([...ticket.topology.get('fc.weight')!.live]).toEqual([1, 2]);
    expect(valuesOf(ticket)['fc.weight']).toEqual([0, 5]);
  });
  it.each(models)('%s has such a form', (name) => {
    const raw = modelByName(name);
    const ticket = withOneInput(blank(mimo(raw, 2)));
    expect(network(ticket.spec)).toMatchObject({ heads: 2, classes: network(raw).classes });
    expect(ticket.spec.input).toEqual(raw.input);
  });
  it('refuses an input that images side by side would change, an output that is no classifier, and heads on heads', () => {
    const normed = spec(
      [2],
      [
        { id: 'bn', op: 'batchNorm', from: ['input'] },
        { id: 'fc', op: 'linear', from: ['bn'], out: 2 },
      ],
    );
    expect(() => mimo(normed, 2)).toThrow('case: node bn: expected a convolution, a linear layer or one of maxPool');
    const relu = spec(
      [2],
      [
        { id: 'fc', op: 'linear', from: ['input'], out: 2 },
        { id: 'relu', op: 'relu', from: ['fc'] },
      ],
    );
    expect(() => mimo(relu, 2)).toThrow('case: output: expected a linear layer, for MIMO, received "relu"');
    expect(() => mimo(mimo(one, 2), 2)).toThrow('heads: expected a network of one head, received 2');
    expect(() => mimo(one, 0)).toThrow('members: expected a whole number of at least 1, received 0');
  });
});

describe('treeNet', () => {
  it('shares the first third of the stages by default', () => {
    const shared = treeNet(lenet300(), { members: 2 });
    expect(shared.nodes.map(({ id }) => id)).toEqual([
      ...['flatten', 'fc1', 'relu1'],
      ...['member0.fc2', 'member0.relu2', 'member0.fc3'],
      ...['member1.fc2', 'member1.relu2', 'member1.fc3'],
      'heads',
    ]);
    expect(network(shared)).toMatchObject({ heads: 2, classes: 10 });
  });
  it('branches before the last eight blocks of WRN-28-10', () => {
    const shared = treeNet(modelByName('wrn-28-10'), { members: 3 });
    const blocks = new Set(shared.nodes.flatMap(({ id }) => /^member0\.(block\d\.layer\.\d)\./.exec(id)?.[1] ?? []));
    expect([...blocks]).toEqual([2, 3].flatMap((group) => [0, 1, 2, 3].map((block) => `block${group}.layer.${block}`)));
    expect(shared.nodes.filter(({ op }) => op === 'linear')).toHaveLength(3);
  });
  it.each([1, 2])('with %i stages of its own costs the trunk once and the rest for each', (own) => {
    // Multiply-adds of LeNet-300-100: 784 x 300, 300 x 100, 100 x 10.
    const layers = [235_200, 30_000, 1_000];
    const sum = (part: readonly number[]) => part.reduce((a, b) => a + b, 0);
    const shared = network(treeNet(lenet300(), { members: 3, own }));
    expect(forwardMultiplyAdds(shared)).toBe(sum(layers.slice(0, -own)) + 3 * sum(layers.slice(-own)));
  });
  it('draws other values for every member', () => {
    const { values } = initialState(network(treeNet(lenet300(), { members: 2 })), new Map(), 1);
    expect(values.get('member0.fc3.weight')).not.toEqual(values.get('member1.fc3.weight'));
  });
  it.each(models)('%s has such a form', (name) => {
    const raw = modelByName(name);
    expect(network(treeNet(raw, { members: 2 }))).toMatchObject({ heads: 2, classes: network(raw).classes });
  });
  it('shares at least one stage, and has one for each member', () => {
    for (const own of [0, 3, 1.5])
      expect(() => treeNet(lenet300(), { members: 2, own })).toThrow(
        'own: expected a whole number from 1 to 2: lenet-300-100 has 3 stages',
      );
  });
});
