/** Pooling. Windows never reach beyond the picture: what pads it is put there first. */
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { around, within } from './border.ts';
import type { Computed, NodeOf, Pass } from './computed.ts';
import { maxPoolGradient } from './max-pool-gradient.ts';

/** Of equal values the first one of a window, in row order, gets the gradient. */
export function maxPool({ kernel, stride = kernel, pad = 0 }: NodeOf<'maxPool'>, [input]: readonly Tensor[], { tf }: Pass): Computed {
  const padded = () => (pad === 0 ? input : tf.pad(input!, around(pad), Number.NEGATIVE_INFINITY)) as Tensor4D;
  const output = tf.maxPool(padded(), kernel, stride, 'valid');
  const inputGradient = (read: Tensor4D, gradient: Tensor) => {
    // The kernel in WebAssembly gives the gradient of a window without positive values to its first pixel, whichever is the largest.
    if (tf.getBackend() === 'wasm') return maxPoolGradient(tf, read, gradient, kernel, stride);
    const attributes = { filterSize: kernel, strides: stride, pad: 'valid' };
    return tf.engine().runKernel<Tensor>(tf.MaxPoolGrad, { dy: gradient, input: read, output }, attributes);
  };
  return { output, backward: (gradient) => ({ inputs: [within(tf, inputGradient(padded(), gradient), input!, pad)] }) };
}

export function avgPool({ kernel, stride = kernel }: NodeOf<'avgPool'>, [input]: readonly Tensor[], { tf }: Pass): Computed {
  const attributes = { filterSize: kernel, strides: stride, pad: 'valid' };
  return {
    output: tf.avgPool(input as Tensor4D, kernel, stride, 'valid'),
    backward: (gradient) => ({ inputs: [tf.engine().runKernel<Tensor>(tf.AvgPoolGrad, { dy: gradient, input: input! }, attributes)] }),
  };
}

export function globalAvgPool(_: NodeOf<'relu' | 'add' | 'globalAvgPool' | 'flatten'>, [input]: readonly Tensor[], { tf }: Pass): Computed {
  const [size, height, width, channels] = input!.shape as [number, number, number, number];
  return {
    output: tf.mean(input!, [1, 2]),
    backward(gradient) {
      const share = tf.reshape(tf.div(gradient, height * width), [size, 1, 1, channels]);
      return { inputs: [tf.broadcastTo(share, input!.shape)] };
    },
  };
}
