/**
 * Where numbers lie. Outside: images (N, C, H, W), weights (O, I, kh, kw) or (O, I). Inside, as TensorFlow has them: images (N, H, W, C),
 * weights (kh, kw, I, O) or (I, O). Everything else is the same on both sides.
 */
import type { ParamInfo } from '@freetickets/sparse-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tensorflow } from './tensorflow.ts';

const INWARD = new Map([
  [2, [1, 0]],
  [4, [2, 3, 1, 0]],
]);
const OUTWARD = new Map([
  [2, [1, 0]],
  [4, [3, 2, 0, 1]],
]);

export const paramInward = (tf: Tensorflow, { kind, shape }: ParamInfo, values: Float32Array): Tensor => {
  const outer = tf.tensor(values, [...shape], 'float32');
  return kind === 'weight' ? tf.transpose(outer, INWARD.get(shape.length)) : outer;
};

export const paramOutward = (tf: Tensorflow, { kind, shape }: ParamInfo, inner: Tensor): Tensor =>
  kind === 'weight' ? tf.transpose(inner, OUTWARD.get(shape.length)) : inner;

/** Of a weight. */
export function positionsInward({ shape }: ParamInfo, positions: Uint32Array): Int32Array {
  const [outputs, inputs] = shape as [number, number];
  const taps = shape.slice(2).reduce((a, b) => a * b, 1);
  return Int32Array.from(positions, (position) => {
    const tap = position % taps;
    const input = Math.floor(position / taps) % inputs;
    const output = Math.floor(position / (taps * inputs));
    return (tap * inputs + input) * outputs + output;
  });
}

/** @param values (size, ...shape) */
export function samplesInward(tf: Tensorflow, values: Float32Array, size: number, shape: readonly number[]): Tensor {
  // A copy: TensorFlow.js may keep the array that it is given.
  const outer = tf.tensor(values.slice(), [size, ...shape], 'float32');
  return shape.length === 3 ? tf.transpose(outer, [0, 2, 3, 1]) : outer;
}

export const samplesOutward = (tf: Tensorflow, inner: Tensor): Tensor => (inner.rank === 4 ? tf.transpose(inner, [0, 3, 1, 2]) : inner);
