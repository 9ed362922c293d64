/** Convolutions and linear layers. Dead weights are zeros in dense tensors; their gradients are computed like all others. */
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import { around, within } from './border.ts';
import { type Computed, type NodeOf, ownParam, type Pass } from './computed.ts';
import { type Convolution, filterGradient, inputGradient } from './convolution-gradients.ts';
import { channelSums, product } from './sums.ts';

export function conv2d(node: NodeOf<'conv2d'>, [input]: readonly Tensor[], pass: Pass): Computed {
  const { tf } = pass;
  const [weight, bias] = [ownParam(pass, node, 'weight') as Tensor4D, ownParam(pass, node, 'bias')];
  const { kernel, stride = 1, pad = 0 } = node;
  // TensorFlow's own padding is even on both sides only there; elsewhere, the input is padded first.
  const padding = stride === 1 && 2 * pad === kernel - 1 ? 'same' : 'valid';
  const border = padding === 'same' ? 0 : pad;
  const padded = () => (border === 0 ? input : tf.pad(input!, around(border))) as Tensor4D;
  const sums = tf.conv2d(padded(), weight, stride, padding);
  return {
    output: bias ? tf.add(sums, bias) : sums,
    backward(gradient, [wanted]) {
      const convolution: Convolution = { input: padded(), weight, stride, padding };
      const arrived = gradient as Tensor4D;
      return {
        inputs: [wanted ? within(tf, inputGradient(tf, convolution, arrived), input!, border) : undefined],
        params: { weight: filterGradient(tf, convolution, arrived), ...(bias && { bias: channelSums(tf, gradient) }) },
      };
    },
  };
}

export function linear(node: NodeOf<'linear'>, [input]: readonly Tensor[], pass: Pass): Computed {
  const { tf } = pass;
  const [weight, bias] = [ownParam(pass, node, 'weight') as Tensor2D, ownParam(pass, node, 'bias')];
  const read = input as Tensor2D;
  const sums = tf.matMul(read, weight);
  return {
    output: bias ? tf.add(sums, bias) : sums,
    backward(gradient, [wanted]) {
      const arrived = gradient as Tensor2D;
      return {
        inputs: [wanted ? product(tf, arrived, weight, 'second') : undefined],
        params: { weight: product(tf, read, arrived, 'first'), ...(bias && { bias: channelSums(tf, gradient) }) },
      };
    },
  };
}
