import { rng } from '@freetickets/sparse-core';

/** Numbers as normalised pixels have them. @param shape (N, C, H, W) */
export function randomImages(shape: readonly number[], seed: number): Float32Array {
  const stream = rng(seed).stream('images');
  return Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => stream.normal());
}
