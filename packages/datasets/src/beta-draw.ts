import type { Stream } from '@freetickets/sparse-core';

/**
 * A draw from Beta(alpha, alpha), in [0, 1]: the part of one gamma variable in the sum of two. Logarithms keep small alphas, whose variables
 * underflow, apart.
 */
export function betaDraw(alpha: number, stream: Stream): number {
  const first = logGamma(alpha, stream);
  const second = logGamma(alpha, stream);
  return 1 / (1 + Math.exp(second - first));
}

/**
 * The logarithm of a gamma variable of this shape and scale 1.
 * @source Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000); shapes below 1 by their section 6
 */
function logGamma(shape: number, stream: Stream): number {
  if (shape < 1) return logGamma(shape + 1, stream) + logUniform(stream) / shape;
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = stream.normal();
    const v = (1 + c * x) ** 3;
    if (v > 0 && logUniform(stream) < (x * x) / 2 + d * (1 - v + Math.log(v))) return Math.log(d * v);
  }
}

/** Of a uniform number above 0. */
const logUniform = (stream: Stream): number => Math.log(1 - stream.uniform());
