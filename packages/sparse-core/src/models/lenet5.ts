import type { NetworkSpec } from '../spec.ts';
import { imageShape, type ModelOptions } from './options.ts';

/** LeNet-5 as Caffe has it: two 5x5 convolutions of 20 and 50 channels, each with ReLU and 2x2 pooling, then 500 hidden units. For MNIST by default. */
export function lenet5({ classes = 10, input = [1, 28, 28] }: ModelOptions = {}): NetworkSpec {
  return {
    version: 1,
    name: 'lenet-5',
    input: { shape: imageShape('lenet-5', input, 16) },
    nodes: [
      { id: 'conv1', op: 'conv2d', from: ['input'], out: 20, kernel: 5 },
      { id: 'relu1', op: 'relu', from: ['conv1'] },
      { id: 'pool1', op: 'maxPool', from: ['relu1'], kernel: 2 },
      { id: 'conv2', op: 'conv2d', from: ['pool1'], out: 50, kernel: 5 },
      { id: 'relu2', op: 'relu', from: ['conv2'] },
      { id: 'pool2', op: 'maxPool', from: ['relu2'], kernel: 2 },
      { id: 'flatten', op: 'flatten', from: ['pool2'] },
      { id: 'fc3', op: 'linear', from: ['flatten'], out: 500 },
      { id: 'relu3', op: 'relu', from: ['fc3'] },
      { id: 'fc4', op: 'linear', from: ['relu3'], out: classes },
    ],
    output: 'fc4',
  };
}
