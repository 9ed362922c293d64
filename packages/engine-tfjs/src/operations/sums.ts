/** Sums over many numbers, and products of matrices. */
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import type { Tensorflow } from '../tensorflow.ts';

/** Over everything but the last axis: several short sums, for backends add floats one by one, and a long sum loses digits. */
export const channelSums = (tf: Tensorflow, values: Tensor): Tensor => tf.sum(values.rank === 4 ? tf.sum(tf.sum(values, 2), 1) : values, 0);

/** A product of which one factor is turned round. */
export function product(tf: Tensorflow, a: Tensor2D, b: Tensor2D, turned: 'first' | 'second'): Tensor {
  // There a product with a turned factor takes many times as long as turning it.
  if (tf.getBackend() === 'wasm') return turned === 'first' ? tf.matMul(tf.transpose(a), b) : tf.matMul(a, tf.transpose(b));
  return tf.matMul(a, b, turned === 'first', turned === 'second');
}
