import { describe, expect, it } from 'vitest';
import { network } from '../network.ts';
import { lenet5 } from './lenet5.ts';
import { listModels, modelByName } from './model-by-name.ts';
import { lenet300, mlpCifar10 } from './multilayer.ts';
import { resnet20, resnet50 } from './resnet.ts';
import { wideResNet } from './wide-resnet.ts';

describe('models', () => {
  it('wideResNet names parameters in the order in which the reference registers them', () => {
    const { params, shapes, spec } = network(wideResNet({ depth: 16, widen: 2 }));
    const weights = [...params.keys()].filter((name) => name.endsWith('.weight'));
    expect(weights.slice(0, 10)).toEqual([
      'conv1.weight',
      'block1.layer.0.bn1.weight',
      'block1.layer.0.conv1.weight',
      'block1.layer.0.bn2.weight',
      'block1.layer.0.conv2.weight',
      'block1.layer.0.convShortcut.weight',
      'block1.layer.1.bn1.weight',
      'block1.layer.1.conv1.weight',
      'block1.layer.1.bn2.weight',
      'block1.layer.1.conv2.weight',
    ]);
    expect(weights.slice(-2)).toEqual(['bn1.weight', 'fc.weight']);
    expect(shapes.get('relu')).toEqual([128, 8, 8]);
    expect(spec.initialization).toBe('he-fan-out');
  });

  it('wideResNet feeds the shortcut from the activated input and adds the plain input elsewhere', () => {
    const net = network(wideResNet({ depth: 16, widen: 2 }));
    expect(net.node('block2.layer.0.convShortcut')).toMatchObject({ from: ['block2.layer.0.relu1'], stride: 2, kernel: 1 });
    expect(net.node('block2.layer.0.add').from).toEqual(['block2.layer.0.conv2', 'block2.layer.0.convShortcut']);
    expect(net.node('block2.layer.1.add').from).toEqual(['block2.layer.1.conv2', 'block2.layer.0.add']);
  });

  it('wideResNet of width 1 has no shortcut convolution where the width stays', () => {
    const { params } = network(wideResNet({ depth: 10, widen: 1 }));
    expect(params.has('block1.layer.0.convShortcut.weight')).toBe(false);
    expect(params.has('block2.layer.0.convShortcut.weight')).toBe(true);
  });

  it.each([27, 4, 9, 16.5, Number.NaN])('wideResNet refuses depth %d', (depth) => {
    expect(() => wideResNet({ depth, widen: 2 })).toThrow(/depth: expected a depth of 6 n \+ 4/);
  });

  it('resnet20 normalizes its projections', () => {
    const net = network(resnet20());
    expect(net.node('blocks.3.add').from).toEqual(['blocks.3.bn2', 'blocks.3.shortcut.1']);
    expect(net.node('blocks.4.add').from).toEqual(['blocks.4.bn2', 'blocks.3.relu2']);
    expect(net.params.get('blocks.6.shortcut.0.weight')!.shape).toEqual([64, 32, 1, 1]);
  });

  it('resnet50 has the shapes of table 1 and its stride in the 3x3', () => {
    const { shapes, node, params } = network(resnet50());
    expect(shapes.get('conv1')).toEqual([64, 112, 112]);
    expect(shapes.get('maxpool')).toEqual([64, 56, 56]);
    expect(['layer1.2', 'layer2.3', 'layer3.5', 'layer4.2'].map((id) => shapes.get(`${id}.relu3`))).toEqual([
      [256, 56, 56],
      [512, 28, 28],
      [1024, 14, 14],
      [2048, 7, 7],
    ]);
    expect(node('layer2.0.conv2')).toMatchObject({ stride: 2 });
    expect(node('layer2.0.conv1')).toMatchObject({ stride: 1 });
    expect(params.get('layer1.0.downsample.0.weight')!.shape).toEqual([256, 64, 1, 1]);
    expect(params.size).toBe(161 + 2 * 53); // torchvision: 161 parameters; running mean and variance of 53 normalizations
  });

  it('take other classes and inputs', () => {
    expect(network(lenet300({ classes: 3, input: [5] })).params.get('fc1.weight')!.shape).toEqual([300, 5]);
    expect(network(mlpCifar10({ classes: 100 })).classes).toBe(100);
    expect(network(lenet5({ input: [3, 32, 32] })).params.get('fc3.weight')!.shape).toEqual([500, 50 * 5 * 5]);
    expect(network(wideResNet({ depth: 10, widen: 1, input: [1, 28, 28], classes: 7 })).classes).toBe(7);
    expect(network(resnet20({ input: [3, 64, 48] })).shapes.get('blocks.8.relu2')).toEqual([64, 16, 12]);
  });

  it('lenet5 fits images of 16 x 16 and no smaller', () => {
    expect(network(lenet5({ input: [1, 16, 16] })).params.get('fc3.weight')!.shape).toEqual([500, 50]);
    expect(() => lenet5({ input: [1, 15, 16] })).toThrow(/input: expected images of shape \(C, H, W\), at least 16 x 16, for lenet-5/);
  });

  it.each([
    ['wrn-16-2', [784]],
    ['resnet-20', [3, 32]],
    ['resnet-50', [3, 16, 16]],
  ])('%s refuses input %j', (name, input) => {
    expect(() => modelByName(name, { input })).toThrow(/input: expected images of shape/);
  });
});

describe('modelByName', () => {
  it.each([
    ['lenet-300-100', 'lenet-300-100'],
    ['LeNet 300 100', 'lenet-300-100'],
    ['lenet5', 'lenet-5'],
    ['MLP-CIFAR10', 'mlp-cifar10'],
    ['wrn-28-10', 'wrn-28-10'],
    ['WRN_40_2', 'wrn-40-2'],
    ['wrn16-8', 'wrn-16-8'],
    ['WideResNet-22-2', 'wrn-22-2'],
    ['resnet20', 'resnet-20'],
    ['ResNet-50', 'resnet-50'],
  ])('knows %s', (typed, name) => {
    expect(modelByName(typed).name).toBe(name);
  });

  it.each([
    ['resnet-2', /Did you mean resnet-20\?/],
    ['lenet-300-10', /Did you mean lenet-300-100\?/],
    ['wrn-16', /Did you mean wrn-16-2\?/],
    ['transformer', /model: expected one of lenet-300-100, .*received "transformer"$/],
    ['wrn-17-2', /depth: expected a depth of 6 n \+ 4/],
    ['wrn-16-0', /widen/],
    ['__proto__', /model: expected one of/],
  ])('refuses %s with a hint', (name, message) => {
    expect(() => modelByName(name)).toThrow(message);
  });

  it('passes classes and input on', () => {
    const net = network(modelByName('resnet-20', { classes: 5, input: [1, 28, 28] }));
    expect([net.classes, net.shapes.get('input')]).toEqual([5, [1, 28, 28]]);
  });

  it('makes every model that it lists, with the classes and input of the list', () => {
    for (const { name, input, classes } of listModels()) {
      const net = network(modelByName(name));
      expect([net.spec.name, net.classes, net.shapes.get('input')]).toEqual([name, classes, input]);
    }
  });
});
