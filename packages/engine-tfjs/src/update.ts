/** The optimizers, on dense tensors. A dead weight has value, gradient and moments 0, and each formula leaves it there. */
import { momentumOf, type OptimizerSpec, type Treatment } from '@freetickets/sparse-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tensorflow } from './tensorflow.ts';

/** What a session keeps of a trained parameter. */
export interface Trained {
  readonly values: Tensor;
  readonly momentum: Tensor;
  /** AdamW's. */
  readonly secondMoments?: Tensor | undefined;
}

export interface Step {
  readonly learningRate: number;
  /** Steps taken, this one included. */
  readonly step: number;
}

export function updated(
  tf: Tensorflow,
  optimizer: OptimizerSpec,
  { rate, decay }: Treatment,
  { learningRate, step }: Step,
  { values, momentum, secondMoments }: Trained,
  gradient: Tensor,
): Trained {
  const stepSize = learningRate * rate;
  const beta1 = momentumOf(optimizer);
  if (optimizer.kind === 'sgd') {
    const slope = decay === 0 ? gradient : tf.add(gradient, tf.mul(values, decay));
    const buffer = tf.add(tf.mul(momentum, beta1), slope);
    const direction = optimizer.nesterov ? tf.add(slope, tf.mul(buffer, beta1)) : buffer;
    return { values: tf.sub(values, tf.mul(direction, stepSize)), momentum: buffer };
  }
  const { beta2 = 0.999, eps = 1e-8 } = optimizer;
  const first = tf.add(tf.mul(momentum, beta1), tf.mul(gradient, 1 - beta1));
  const second = tf.add(tf.mul(secondMoments!, beta2), tf.mul(tf.square(gradient), 1 - beta2));
  const scale = tf.add(tf.mul(tf.sqrt(second), 1 / Math.sqrt(1 - beta2 ** step)), eps);
  const move = tf.mul(tf.div(first, scale), stepSize / (1 - beta1 ** step));
  return { values: tf.sub(tf.mul(values, 1 - stepSize * decay), move), momentum: first, secondMoments: second };
}

/** The 2-norm of all gradients together. */
export const normOf = (tf: Tensorflow, gradients: readonly Tensor[]): Tensor =>
  tf.sqrt(tf.addN(gradients.map((gradient) => tf.sum(tf.square(gradient)))));

/** What all gradients are multiplied by so that their 2-norm together is at most `limit`. Not a number stays what it is. */
export const clipFactor = (tf: Tensorflow, gradients: readonly Tensor[], limit: number): Tensor =>
  tf.minimum(1, tf.div(limit, tf.add(normOf(tf, gradients), 1e-6)));
