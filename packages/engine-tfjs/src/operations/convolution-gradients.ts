/** The gradients of a convolution: TensorFlow's kernels, and what stands in for them where they are missing or slow. */
import type { Tensor, Tensor2D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Tensorflow } from '../tensorflow.ts';
import { around } from './border.ts';
import { product } from './sums.ts';

export interface Convolution {
  /** (N, H, W, I) */
  readonly input: Tensor4D;
  /** (kh, kw, I, O) */
  readonly weight: Tensor4D;
  readonly stride: number;
  readonly padding: 'same' | 'valid';
}

export function inputGradient(tf: Tensorflow, { input, weight, stride, padding }: Convolution, gradient: Tensor4D): Tensor {
  // In WebAssembly a convolution with the filter turned round is ten times as fast as the kernel.
  if (tf.getBackend() !== 'wasm' || stride > 1) return tf.conv2dTranspose(gradient, weight, input.shape, stride, padding);
  const turned = tf.transpose(tf.reverse(weight, [0, 1]), [0, 1, 3, 2]);
  return tf.conv2d(padding === 'same' ? gradient : tf.pad(gradient, around(weight.shape[0] - 1)), turned, 1, padding);
}

export function filterGradient(tf: Tensorflow, convolution: Convolution, gradient: Tensor4D): Tensor {
  const { input, weight, stride, padding } = convolution;
  if (!tf.getKernel(tf.Conv2DBackpropFilter, tf.getBackend())) return filterGradientByTaps(tf, convolution, gradient);
  const attributes = { strides: stride, pad: padding, dataFormat: 'NHWC', filterShape: weight.shape };
  return tf.engine().runKernel(tf.Conv2DBackpropFilter, { x: input, dy: gradient }, attributes);
}

/** Where that kernel is missing (WebAssembly): for each tap, the pixels that it met times the gradients of what it gave. */
function filterGradientByTaps(tf: Tensorflow, { input, weight, stride, padding }: Convolution, gradient: Tensor4D): Tensor {
  const [kernelHeight, kernelWidth, inputs, outputs] = weight.shape;
  const [size, height, width] = gradient.shape;
  const source = padding === 'same' ? tf.pad(input, around((kernelHeight - 1) / 2)) : input;
  const arrived = tf.reshape(gradient, [-1, outputs]) as Tensor2D;
  const taps: Tensor[] = [];
  for (let y = 0; y < kernelHeight; y++)
    for (let x = 0; x < kernelWidth; x++) {
      const end = [size, y + stride * (height - 1) + 1, x + stride * (width - 1) + 1, inputs];
      const met = tf.reshape(tf.stridedSlice(source, [0, y, x, 0], end, [1, stride, stride, 1]), [-1, inputs]);
      taps.push(product(tf, met as Tensor2D, arrived, 'first'));
    }
  return tf.reshape(tf.stack(taps), weight.shape);
}
