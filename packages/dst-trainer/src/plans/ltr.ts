import { globalMagnitude } from '../rules/global-magnitude.ts';
import { check } from './checks.ts';
import type { PrunedPlanOptions } from './pf.ts';
import type { Phase, Plan } from './plan.ts';
import { runsFromDense } from './single-run.ts';

export interface LtrOptions extends PrunedPlanOptions {
  /** Epoch of the dense training whose values come back; 0: the first ones. Default: a fiftieth of the epochs, at least 1. */
  readonly rewindEpoch?: number | undefined;
  /** Share of the remaining weights that goes in one round, 0.01 to 1; as many rounds as the sparsity takes. Default 1: all in one round. */
  readonly roundShare?: number | undefined;
}

/**
 * Lottery ticket rewinding: independent runs that train the dense network, prune it, put the values of an early epoch back into what is left
 * and train that on the same schedule, with a fresh optimizer and a topology that never changes. With a `roundShare` they do so again and
 * again, pruning what the round before trained. One ticket each, from the last round.
 * @throws SparseError INVALID_ARGUMENT naming the option
 * @source arXiv:1903.01611, with the whole schedule in each round as arXiv:2106.14568 has it. A round share of 0.2 is the usual one
 */
export function ltr(options: LtrOptions): readonly Plan[] {
  const { epochs, sparsity, roundShare = 1, drop = globalMagnitude(), ticket = 'best-validation' } = options;
  const { rewindEpoch = Math.max(1, Math.round(epochs / 50)) } = options;
  check(roundShare >= 0.01 && roundShare <= 1, 'ltr: roundShare', 'a number from 0.01 to 1', roundShare);
  const inRange = Number.isInteger(rewindEpoch) && rewindEpoch >= 0 && rewindEpoch <= epochs;
  check(inRange, 'ltr: rewindEpoch', `a whole number from 0 to ${epochs}, the epochs of a run`, rewindEpoch);
  const targets = sparsities(sparsity, roundShare);
  const rounds: readonly Omit<Phase, 'learningRate'>[] = targets.map((target, r) => ({
    name: `round ${r + 1}`,
    epochs,
    rewiring: 'frozen',
    opening: { prune: { drop, sparsity: target }, rewind: true },
    ...(r + 1 === targets.length && { ticket }),
  }));
  return runsFromDense('ltr', options, (learningRate) => rounds.map((round) => ({ ...round, learningRate })), { rewindTo: rewindEpoch });
}

/** After each round: `1 - (1 - share) ** round`, the last one cut to the sparsity that is wanted. */
function sparsities(wanted: number, share: number): readonly number[] {
  const rounds: number[] = [];
  for (let left = 1 - share; 1 - left < wanted - 1e-9; left *= 1 - share) rounds.push(1 - left);
  return [...rounds, wanted];
}
