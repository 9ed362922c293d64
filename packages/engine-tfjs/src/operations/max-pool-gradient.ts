/**
 * The gradient of max-pooling by plain operations. The largest of a window is the largest of its rows' largest, so this is done along one axis
 * at a time: of equal values the first in row order wins, as it does in a window.
 */
import type { Tensor, Tensor3D, Tensor4D } from '@tensorflow/tfjs-core';
import type { Tensorflow } from '../tensorflow.ts';

export function maxPoolGradient(tf: Tensorflow, input: Tensor4D, gradient: Tensor, kernel: number, stride: number): Tensor {
  const [size, height, width, channels] = input.shape;
  const rows = windowsAlong(tf, tf.reshape(input, [size * height, width, channels]), kernel, stride);
  const columns = windowsAlong(tf, tf.reshape(rows.largest, [size, height, -1]), kernel, stride);
  const between = columns.gradient(tf.reshape(gradient, columns.largest.shape));
  return tf.reshape(rows.gradient(tf.reshape(between, rows.largest.shape)), input.shape);
}

/** Windows along the middle axis of (outer, length, inner), which is cut into strides so that each tap of all windows is one slice. */
function windowsAlong(tf: Tensorflow, input: Tensor3D, kernel: number, stride: number) {
  const [outer, length, inner] = input.shape;
  const count = Math.floor((length - kernel) / stride) + 1;
  const strides = Math.max(Math.ceil(length / stride), Math.floor((kernel - 1) / stride) + count);
  const rest = strides * stride - length;
  const cut = tf.reshape(
    tf.pad(
      input,
      [
        [0, 0],
        [0, rest],
        [0, 0],
      ],
      Number.NEGATIVE_INFINITY,
    ),
    [outer, strides, stride, inner],
  );
  const places = Array.from({ length: kernel }, (_, tap) => [Math.floor(tap / stride), tap % stride] as const);
  const taps = places.map(([start, phase]) => tf.slice(cut, [0, start, phase, 0], [outer, count, 1, inner]));
  const largest = taps.slice(1).reduce<Tensor>((a, b) => tf.maximum(a, b), taps[0]!);
  return {
    largest,
    gradient(of: Tensor): Tensor {
      let left: Tensor = of;
      const parts = places.map(([start, phase], tap) => {
        const wins = tf.cast(tf.equal(taps[tap]!, largest), 'float32');
        const part = tf.mul(left, wins);
        left = tf.sub(left, part);
        return tf.pad(part, [
          [0, 0],
          [start, strides - start - count],
          [phase, stride - 1 - phase],
          [0, 0],
        ]);
      });
      return tf.slice(tf.reshape(tf.addN(parts), [outer, strides * stride, inner]), [0, 0, 0], input.shape);
    },
  };
}
