import { SparseError } from '@freetickets/sparse-core';
import type { Metric } from '../metric.ts';
import { type Agreement, agreementMetric, type Choice } from './agreement.ts';
import { meanOverPairs } from './member-pairs.ts';

export interface KappaOptions {
  /** What members agree on: the `class` they name (default), or whether they are `correct`. */
  readonly on?: Choice;
}

/**
 * Cohen's kappa of members: how much more often two agree than their habits alone would bring about, (observed - expected) / (1 - expected).
 * 1: always; 0: as by chance. NaN where chance alone brings certain agreement. Table (members, members), row-major.
 * @throws SparseError INVALID_ARGUMENT for another choice
 * @source Cohen, "A coefficient of agreement for nominal scales", 1960
 */
export function pairwiseKappa({ on = 'class' }: KappaOptions = {}): Metric<Float64Array> {
  return agreementMetric('pairwiseKappa', checked(on), kappa, (table) => table);
}

/** The mean of `pairwiseKappa` over pairs of different members; NaN for a single member. */
export function meanPairwiseKappa({ on = 'class' }: KappaOptions = {}): Metric {
  return agreementMetric('meanPairwiseKappa', checked(on), kappa, meanOverPairs);
}

export function kappa({ same, chosen, choices, members, samples }: Agreement, i: number, j: number): number {
  let expected = 0;
  for (let c = 0; c < choices; c++) expected += (chosen[i * choices + c]! / samples) * (chosen[j * choices + c]! / samples);
  return (same[i * members + j]! / samples - expected) / (1 - expected);
}

function checked(on: Choice): Choice {
  if (on !== 'class' && on !== 'correct') throw new SparseError('INVALID_ARGUMENT', 'pairwiseKappa.on', 'class or correct', on);
  return on;
}
