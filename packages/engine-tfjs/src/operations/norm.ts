/** Batch norm over all images and pixels of a channel, by PyTorch's rules: the running variance is unbiased, the one that divides is not. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { type Computed, type NodeOf, ownParam, type Pass } from './computed.ts';
import { channelSums } from './sums.ts';

export function batchNorm(node: NodeOf<'batchNorm'>, [input]: readonly Tensor[], pass: Pass): Computed {
  const { tf } = pass;
  const x = input!;
  const [scale, shift, runningMean, runningVariance] = (['weight', 'bias', 'running_mean', 'running_var'] as const).map(
    (key) => ownParam(pass, node, key)!,
  ) as [Tensor, Tensor, Tensor, Tensor];
  const { eps = 1e-5, momentum = 0.1 } = node;
  const count = x.size / x.shape.at(-1)!;
  const average = (values: Tensor) => tf.div(channelSums(tf, values), count);
  const mean = pass.training ? average(x) : runningMean;
  const variance = pass.training ? average(tf.squaredDifference(x, mean)) : runningVariance;
  const inverse = tf.rsqrt(tf.add(variance, eps));
  const factor = tf.mul(scale, inverse);
  const output = tf.add(tf.mul(tf.sub(x, mean), factor), shift);
  if (!pass.training) return { output, kept: [factor], backward: (gradient) => ({ inputs: [tf.mul(gradient, factor)] }) };

  const moved = (running: Tensor, found: Tensor) => tf.add(tf.mul(running, 1 - momentum), tf.mul(found, momentum));
  return {
    output,
    kept: [mean, inverse, factor],
    running: {
      running_mean: moved(runningMean, mean),
      running_var: moved(runningVariance, tf.mul(variance, count / Math.max(count - 1, 1))),
    },
    // With z = (x - mean) / deviation: d shift = sum g, d scale = sum g z, dx = scale / deviation * (g - mean(g) - z mean(g z)).
    backward(gradient) {
      const z = tf.mul(tf.sub(x, mean), inverse);
      const [sum, product] = [channelSums(tf, gradient), channelSums(tf, tf.mul(gradient, z))];
      const rest = tf.sub(tf.sub(gradient, tf.div(sum, count)), tf.mul(z, tf.div(product, count)));
      return { inputs: [tf.mul(factor, rest)], params: { weight: product, bias: sum } };
    },
  };
}
