/** The end of the forward pass: the loss, its gradient, and how many answers are right. */
import type { Batch, LossSpec, Network } from '@freetickets/sparse-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { indicators } from './indicators.ts';
import type { Tensorflow } from './tensorflow.ts';

export interface Loss {
  /** The mean over the samples, and the count of right ones: what is read back of a step. */
  readonly report: Tensor;
  /** As the logits. */
  readonly gradient: Tensor;
}

/**
 * Cross-entropy of all heads of each sample; a sample counts as right by the share of its heads that are. Ties: the lowest class is on top.
 * @param logits (size, heads * classes)
 */
export function crossEntropy(tf: Tensorflow, { heads, classes }: Network, logits: Tensor, batch: Batch, loss: LossSpec = {}): Loss {
  const { size, labels } = batch;
  const rows = tf.reshape(logits, [size * heads, classes]);
  const target = targetOf(tf, batch, heads, classes, loss.labelSmoothing ?? 0);
  const below = tf.sub(rows, tf.max(rows, 1, true));
  const logProbs = tf.sub(below, tf.log(tf.sum(tf.exp(below), 1, true)));
  const weight = 1 / (size * (loss.heads === 'sum' ? 1 : heads));
  const total = tf.mul(tf.sum(tf.mul(target, logProbs)), -weight);
  const right = tf.equal(tf.argMax(rows, 1), tf.tensor1d(labels.slice(), 'int32'));
  const correct = tf.div(tf.sum(tf.cast(right, 'float32')), heads);
  const gradient = tf.mul(tf.sub(tf.exp(logProbs), target), weight);
  return { report: tf.stack([total, correct]), gradient: tf.reshape(gradient, logits.shape) };
}

/** (size * heads, classes): what the probabilities should be. */
function targetOf(tf: Tensorflow, { labels, mixed }: Batch, heads: number, classes: number, smoothing: number): Tensor {
  const indicator = (wanted: Int32Array) => indicators(tf, wanted, classes);
  let target: Tensor = indicator(labels);
  if (mixed) {
    const shares = Float32Array.from({ length: labels.length }, (_, k) => mixed.shares[Math.floor(k / heads)]!);
    const share = tf.tensor2d(shares, [labels.length, 1]);
    target = tf.add(tf.mul(target, tf.sub(1, share)), tf.mul(indicator(mixed.labels), share));
  }
  return smoothing === 0 ? target : tf.add(tf.mul(target, 1 - smoothing), smoothing / classes);
}
