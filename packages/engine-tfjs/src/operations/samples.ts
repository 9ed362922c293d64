/** Operations that differ from sample to sample: dropout, and the factors of members. */
import { dropoutDraw, dropoutKey, dropoutNumber, dropoutThreshold } from '@freetickets/sparse-core';
import type { Tensor, Tensor2D } from '@tensorflow/tfjs-core';
import { indicators } from '../indicators.ts';
import { samplesInward } from '../layout.ts';
import { type Computed, type NodeOf, ownParam, type Pass } from './computed.ts';

/** Masks are drawn by the processor and sent to the device, for the device's integers may not multiply as 32-bit numbers do. */
export function dropout(node: NodeOf<'dropout'>, [input]: readonly Tensor[], pass: Pass): Computed {
  const { tf, dropoutSeed } = pass;
  if (dropoutSeed === undefined) return { output: input!.clone(), backward: (gradient) => ({ inputs: [gradient.clone()] }) };
  const size = input!.shape[0]!;
  const shape = pass.shapeOf(node.from[0]!);
  const length = input!.size / size;
  const [, low, high] = dropoutDraw(dropoutSeed);
  const threshold = dropoutThreshold(node.rate);
  const index = pass.indexOf(node.id);
  const factors = new Float32Array(input!.size);
  for (let n = 0; n < size; n++) {
    const key = dropoutKey(low, high, index, pass.first + n);
    for (let k = 0; k < length; k++) factors[n * length + k] = dropoutNumber(key, k) < threshold ? 0 : 1 / (1 - node.rate);
  }
  const mask = samplesInward(tf, factors, size, shape);
  return { output: tf.mul(input!, mask), kept: [mask], backward: (gradient) => ({ inputs: [tf.mul(gradient, mask)] }) };
}

export function memberScale(node: NodeOf<'memberScale'>, [input]: readonly Tensor[], pass: Pass): Computed {
  const { tf } = pass;
  const [size, channels] = [input!.shape[0]!, input!.shape.at(-1)!];
  const scale = ownParam(pass, node, 'weight') as Tensor2D;
  const members = Int32Array.from({ length: size }, (_, n) => (pass.first + n) % node.members);
  const member = indicators(tf, members, node.members);
  const factors = tf.reshape(tf.matMul(member, scale), input!.rank === 4 ? [size, 1, 1, channels] : [size, channels]);
  return {
    output: tf.mul(input!, factors),
    kept: [member, factors],
    backward(gradient) {
      const products = tf.mul(input!, gradient);
      const bySample = (input!.rank === 4 ? tf.sum(products, [1, 2]) : products) as Tensor2D;
      return { inputs: [tf.mul(gradient, factors)], params: { weight: tf.matMul(member, bySample, true) } };
    },
  };
}
