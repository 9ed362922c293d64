/** Pixels of padding around pictures. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Tensorflow } from '../tensorflow.ts';

/** A border of as many pixels, for `tf.pad`. */
export const around = (pixels: number): [number, number][] => [
  [0, 0],
  [pixels, pixels],
  [pixels, pixels],
  [0, 0],
];

/** A padded picture without its border. */
export const within = (tf: Tensorflow, padded: Tensor, { shape }: Tensor, pixels: number): Tensor =>
  pixels === 0 ? padded : tf.slice(padded, [0, pixels, pixels, 0], shape);
