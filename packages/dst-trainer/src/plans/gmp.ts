import { uniform } from '@freetickets/sparse-core';
import type { Pruning } from '../rewiring.ts';
import { magnitude } from '../rules/magnitude.ts';
import { check } from './checks.ts';
import type { Plan } from './plan.ts';
import type { SparsePlanOptions } from './plan-options.ts';
import { type SingleRunOptions, singleRuns } from './single-run.ts';

export interface GmpOptions extends SparsePlanOptions, SingleRunOptions {
  /** Epochs over which the sparsity rises, from the start. Default: half of all, rounded down, where the learning rate falls first. */
  readonly pruneEpochs?: number | undefined;
  /** Which weights go, and how often. Default: the smallest of each layer, every 1000 steps. */
  readonly pruning?: Partial<Pick<Pruning, 'drop' | 'every'>>;
}

/**
 * Independent runs of gradual magnitude pruning, one ticket each: dense at first, then sparser along a cubic, then at the sparsity that was
 * asked for. Tickets come from that last part only. Learning rate as in `dst`; live counts are uniform over the layers unless a distribution
 * is given.
 * @throws SparseError INVALID_ARGUMENT naming the option
 * @source arXiv:1710.01878. ITOP's form divides by one epoch more and so ends just below the sparsity; here it is reached
 */
export function gmp(options: GmpOptions): readonly Plan[] {
  const { sparsity, epochs, pruneEpochs: over = Math.floor(epochs / 2), pruning = {} } = options;
  check(over >= 0 && over <= epochs, 'gmp: pruneEpochs', `a number from 0 to ${epochs}, the epochs of the run`, over);
  const rising = { kind: 'cubic', from: 0, to: sparsity, over } as const;
  const fields = { distribution: uniform(), ...options };
  return singleRuns('gmp', fields, 'frozen', { drop: magnitude(), every: 1000, ...pruning, sparsity: rising });
}
