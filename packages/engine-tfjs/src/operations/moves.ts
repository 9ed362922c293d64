/** Operations without parameters that keep or move numbers. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Computed, NodeOf, Pass } from './computed.ts';

type Plain = NodeOf<'relu' | 'add' | 'globalAvgPool' | 'flatten'>;

/** The gradient at 0 is 0. */
export function relu(_: Plain, [input]: readonly Tensor[], { tf }: Pass): Computed {
  const output = tf.relu(input!);
  return { output, backward: (gradient) => ({ inputs: [tf.mul(gradient, tf.step(output))] }) };
}

export function add(_: Plain, [a, b]: readonly Tensor[], { tf }: Pass): Computed {
  return { output: tf.add(a!, b!), backward: (gradient) => ({ inputs: [gradient.clone(), gradient.clone()] }) };
}

/** Channels stand last inside, as features do. */
export function concat(_: NodeOf<'concat'>, inputs: readonly Tensor[], { tf }: Pass): Computed {
  const sizes = inputs.map(({ shape }) => shape.at(-1)!);
  return { output: tf.concat([...inputs], -1), backward: (gradient) => ({ inputs: tf.split(gradient, sizes, gradient.rank - 1) }) };
}

/** In the order (C, H, W) that a picture has outside, for the layers behind are named by it. */
export function flatten(_: Plain, [input]: readonly Tensor[], { tf }: Pass): Computed {
  if (input!.rank === 2) return { output: input!.clone(), backward: (gradient) => ({ inputs: [gradient.clone()] }) };
  const [size, height, width, channels] = input!.shape as [number, number, number, number];
  return {
    output: tf.reshape(tf.transpose(input!, [0, 3, 1, 2]), [size, -1]),
    backward: (gradient) => ({ inputs: [tf.transpose(tf.reshape(gradient, [size, channels, height, width]), [0, 2, 3, 1])] }),
  };
}
