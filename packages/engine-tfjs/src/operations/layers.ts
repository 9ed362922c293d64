/** Convolutions and linear layers. Dead weights are zeros in dense tensors; their gradients are computed like all others. */
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Tensorflow } from '../tensorflow.ts';
import { type Computed, type NodeOf, ownParam, type Pass } from './computed.ts';

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
      const g = gradient as Tensor4D;
      const read = padded();
      const [height, width] = input!.shape.slice(1) as [number, number];
      const inputGradient = () => {
        const whole = tf.conv2dTranspose(g, weight, read.shape, stride, padding);
        return border === 0 ? whole : tf.slice(whole, [0, border, border, 0], [-1, height, width, -1]);
      };
      return {
        inputs: [wanted ? inputGradient() : undefined],
        params: { weight: filterGradient(tf, read, g, weight.shape, stride, padding), ...(bias && { bias: tf.sum(g, [0, 1, 2]) }) },
      };
    },
  };
}

export const around = (border: number): [number, number][] => [
  [0, 0],
  [border, border],
  [border, border],
  [0, 0],
];

type Shape4D = [number, number, number, number];

function filterGradient(tf: Tensorflow, input: Tensor4D, g: Tensor4D, filterShape: Shape4D, strides: number, pad: 'same' | 'valid'): Tensor {
  if (!tf.getKernel(tf.Conv2DBackpropFilter, tf.getBackend())) return filterGradientByTaps(tf, input, g, filterShape, strides, pad);
  const attributes = { strides, pad, dataFormat: 'NHWC', dimRoundingMode: undefined as unknown as string, filterShape };
  return tf.engine().runKernel(tf.Conv2DBackpropFilter, { x: input, dy: g }, attributes);
}

/** For backends without that kernel (WebAssembly): each tap's gradient is a product of the pixels that it met with the output's gradient. */
function filterGradientByTaps(
  tf: Tensorflow,
  input: Tensor4D,
  g: Tensor4D,
  [kernelHeight, kernelWidth, inputs, outputs]: Shape4D,
  stride: number,
  pad: 'same' | 'valid',
): Tensor {
  const [size, height, width] = g.shape;
  const source = pad === 'same' ? tf.pad(input, around((kernelHeight - 1) / 2)) : input;
  const pixels = tf.reshape(g, [-1, outputs]) as Tensor2D;
  const taps: Tensor[] = [];
  for (let y = 0; y < kernelHeight; y++)
    for (let x = 0; x < kernelWidth; x++) {
      const end = [size, y + stride * (height - 1) + 1, x + stride * (width - 1) + 1, inputs];
      const met = tf.reshape(tf.stridedSlice(source, [0, y, x, 0], end, [1, stride, stride, 1]), [-1, inputs]);
      taps.push(product(tf, met as Tensor2D, pixels, 'first'));
    }
  return tf.reshape(tf.stack(taps), [kernelHeight, kernelWidth, inputs, outputs]);
}

export function linear(node: NodeOf<'linear'>, [input]: readonly Tensor[], pass: Pass): Computed {
  const { tf } = pass;
  const [weight, bias] = [ownParam(pass, node, 'weight') as Tensor2D, ownParam(pass, node, 'bias')];
  const read = input as Tensor2D;
  const sums = tf.matMul(read, weight);
  return {
    output: bias ? tf.add(sums, bias) : sums,
    backward(gradient, [wanted]) {
      const g = gradient as Tensor2D;
      return {
        inputs: [wanted ? product(tf, g, weight, 'second') : undefined],
        params: { weight: product(tf, read, g, 'first'), ...(bias && { bias: tf.sum(g, 0) }) },
      };
    },
  };
}

/** A product of matrices, one of them turned round. */
const product = (tf: Tensorflow, a: Tensor2D, b: Tensor2D, turned: 'first' | 'second'): Tensor =>
  tf.matMul(a, b, turned === 'first', turned === 'second');
