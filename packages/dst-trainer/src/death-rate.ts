/** How the share of live weights that a rewiring drops changes over a run. */
import type { Schedule } from '@freetickets/sparse-core';

export interface DeathRateOptions {
  /** The share at the beginning, in [0, 1]. */
  readonly from: number;
  /** When it ends, in epochs since the phase began. */
  readonly over: number;
  /** When it began, in the same epochs; negative where an earlier phase has used up a part. Default 0. */
  readonly begin?: number;
}

/** Where a cosine ends, as a part of where it began: 0.005 of 0.5. */
const COSINE_END = 0.01;

export const DEATH_RATES = {
  constant: ({ from }) => from,
  cosine: (options) => ({ kind: 'cosine', to: COSINE_END * options.from, ...options }),
  linear: (options) => ({ kind: 'linear', to: 0, ...options }),
  /** Cubic decay to 0. @source RigL's option `exponential_3`, arXiv:1911.11134 */
  exponential: (options) => ({ kind: 'exponential', power: 3, ...options }),
} as const satisfies Record<string, (options: DeathRateOptions) => Schedule>;

export type DeathRate = keyof typeof DEATH_RATES;
