import type { Tensor2D } from '@tensorflow/tfjs-core';
import type { Tensorflow } from './tensorflow.ts';

/** (numbers, depth): 1 where the number is, else 0. Cast afterwards: the backend in WebAssembly writes integers whatever type it is asked for. */
export const indicators = (tf: Tensorflow, numbers: Int32Array, depth: number): Tensor2D =>
  tf.cast(tf.oneHot(tf.tensor1d(numbers.slice(), 'int32'), depth), 'float32') as Tensor2D;
