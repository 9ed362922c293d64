import { describe, expect, it } from 'vitest';
import { network } from '../network.ts';
import { alexNet } from './alexnet.ts';
import { lenet5 } from './lenet5.ts';
import { listModels, modelByName } from './model-by-name.ts';
import { lenet300, mlpCifar10 } from './multilayer.ts';
import { cifarResNet, resnet, resnet20, resnet50 } from './resnet.ts';
import { vgg } from './vgg.ts';
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

  it('vgg-c grows the map by 2 at each 1x1 convolution and keeps 2 x 2', () => {
    const { shapes } = network(vgg({ variant: 'c' }));
    const heights = [20, 30, 40].map((i) => [
      shapes.get(`features.${i - 3}`)![1],
      shapes.get(`features.${i}`)![1],
      shapes.get(`features.${i + 3}`)![1],
    ]);
    expect(heights).toEqual([
      [8, 10, 5],
      [5, 7, 3],
      [3, 5, 2],
    ]);
    expect(shapes.get('flatten')).toEqual([2048]);
  });

  it('the classifier of vgg normalizes after the ReLU, that of alexnet before it', () => {
    const ops = ({ nodes }: ReturnType<typeof vgg>) => nodes.filter(({ id }) => id.startsWith('classifier')).map(({ op }) => op);
    expect(ops(vgg({ variant: 'like' }))).toEqual(['linear', 'relu', 'batchNorm', 'linear']);
    expect(ops(vgg({ variant: 'd' }))).toEqual(['linear', 'relu', 'batchNorm', 'linear', 'relu', 'batchNorm', 'linear']);
    expect(ops(alexNet({ variant: 's' }))).toEqual(['linear', 'batchNorm', 'relu', 'linear', 'batchNorm', 'relu', 'linear']);
  });

  it('alexnet halves the map with strides: 13, 7, 4, 2, 1', () => {
    const { shapes } = network(alexNet({ variant: 'b' }));
    expect([0, 3, 6, 9, 12].map((i) => shapes.get(`features.${i}`))).toEqual([
      [96, 13, 13],
      [256, 7, 7],
      [384, 4, 4],
      [384, 2, 2],
      [256, 1, 1],
    ]);
  });

  it('resnet of basic blocks adds the plain input in its first stage, of bottlenecks a projection without stride', () => {
    expect(network(resnet({ depth: 18 })).node('layer1.0.add').from).toEqual(['layer1.0.bn2', 'maxpool']);
    expect(network(resnet({ depth: 34 })).node('layer2.0.downsample.0')).toMatchObject({ from: ['layer1.2.relu2'], stride: 2 });
    expect(network(resnet({ depth: 101 })).node('layer1.0.downsample.0')).toMatchObject({ from: ['maxpool'], stride: 1 });
  });

  it('resnet with the stem for small pictures keeps their size, and its classifier has no bias', () => {
    const { shapes, params, spec } = network(resnet({ depth: 34, stem: 'cifar' }));
    expect([shapes.get('conv1'), shapes.get('layer4.2.relu2')]).toEqual([
      [64, 32, 32],
      [512, 4, 4],
    ]);
    expect([params.has('classifier.weight'), params.has('classifier.bias'), params.has('layer2.0.shortcut.0.weight')]).toEqual([
      true,
      false,
      true,
    ]);
    expect([spec.name, spec.initialization, spec.nodes.some(({ op }) => op === 'maxPool')]).toEqual(['resnet-34-cifar', 'torch', false]);
  });

  it('resnet of another width is narrower throughout, and says so in its name', () => {
    const net = network(resnet({ depth: 50, width: 16, classes: 7 }));
    expect([net.spec.name, net.shapes.get('layer4.2.relu3'), net.classes]).toEqual(['resnet-50-w16', [512, 7, 7], 7]);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['a depth between', () => cifarResNet({ depth: 50 + 1 }), /depth: expected a depth of 6 n \+ 2/],
    ['a depth that nobody published', () => resnet({ depth: 20 as 18 }), /depth: expected one of 18, 34, 50, 101, 152, received 20/],
    ['a width of 0', () => resnet({ depth: 18, width: 0 }), /width: expected a whole number of at least 1/],
    ['an unknown vgg', () => vgg({ variant: 'e' as 'd' }), /variant: expected c, d or like, received "e"/],
    ['an unknown alexnet', () => alexNet({ variant: 'm' as 's' }), /variant: expected s or b, received "m"/],
    ['a picture too small for vgg-d', () => vgg({ variant: 'd', input: [3, 28, 28] }), /at least 32 x 32, for vgg-d/],
    ['a picture too small for alexnet', () => alexNet({ variant: 's', input: [3, 6, 32] }), /at least 7 x 7, for alexnet-s/],
  ])('refuse %s', (_, make, message) => {
    expect(make).toThrow(message);
  });

  it.each([
    ['vgg-c', [1, 4, 4]],
    ['vgg-like', [3, 32, 32]],
    ['alexnet-s', [1, 7, 7]],
    ['resnet-18', [3, 32, 32]],
    ['resnet-18-cifar', [1, 8, 8]],
    ['resnet-110', [1, 4, 4]],
  ])('%s takes the smallest picture that it says it takes, %j', (name, input) => {
    expect(network(modelByName(name, { input })).classes).toBeGreaterThan(0);
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
    ['resnet110', 'resnet-110'],
    ['ResNet18_CIFAR', 'resnet-18-cifar'],
    ['VGG-like', 'vgg-like'],
    ['AlexNet-S', 'alexnet-s'],
  ])('knows %s', (typed, name) => {
    expect(modelByName(typed).name).toBe(name);
  });

  it.each([
    ['resnet-2', /Did you mean resnet-20\?/],
    ['lenet-300-10', /Did you mean lenet-300-100\?/],
    ['vgg-f', /Did you mean vgg-c\?/],
    ['resnet-1001', /Did you mean resnet-101\?/],
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
