/** The standard normal distribution to about 1e-14 relative, tails included. */
import { SparseError } from '@freetickets/sparse-core';
import { bracketedRoot } from './bracketed-root.ts';

/** P(Z <= x). @source Abramowitz and Stegun 26.2.11 (series) and 26.2.14 (continued fraction) */
export function normalCdf(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 0) return 1 - normalCdf(-x);
  const density = Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  return x < -2 ? density * millsRatio(-x) : 0.5 + density * oddSeries(x);
}

/** x + x^3 / 3 + x^5 / (3 5) + ..., all of one sign. */
function oddSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let k = 3; Math.abs(term) > Math.abs(sum) * 1e-17; k += 2) {
    term *= (x * x) / k;
    sum += term;
  }
  return sum;
}

/** P(Z > x) over the density, for x >= 2: 1 / (x + 1 / (x + 2 / (x + 3 / ...))), from the inside out. */
function millsRatio(x: number): number {
  let value = x;
  for (let k = 200; k >= 1; k--) value = x + k / value;
  return 1 / value;
}

/** The x with P(Z <= x) = p. @throws SparseError INVALID_ARGUMENT when p lies outside [0, 1] */
export function normalQuantile(p: number): number {
  if (!(p >= 0 && p <= 1)) throw new SparseError('INVALID_ARGUMENT', 'normalQuantile', 'a probability from 0 to 1', p);
  if (p === 0) return Number.NEGATIVE_INFINITY;
  if (p === 0.5) return 0;
  if (p > 0.5) return -normalQuantile(1 - p);
  return bracketedRoot((x) => normalCdf(x) - p, -39, 0);
}
