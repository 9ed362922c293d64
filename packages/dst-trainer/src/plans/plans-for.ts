/** One way from a method's name to its plans, for programs whose users choose the method. */
import { nearest, SparseError } from '@freetickets/sparse-core';
import { ONE_PASS } from '../one-pass/one-pass.ts';
import type { Pruning } from '../rewiring.ts';
import { dense } from './dense.ts';
import { dst } from './dst.ts';
import { type EdstOptions, edst } from './edst.ts';
import { type FgeOptions, fge } from './fge.ts';
import { type GmpOptions, gmp } from './gmp.ts';
import { type LtrOptions, ltr } from './ltr.ts';
import { type OnePassDefaults, type OnePassOptions, onePassNamed, onePassPlan } from './one-pass-plan.ts';
import { oneShot, type PfOptions, pf } from './pf.ts';
import type { Plan } from './plan.ts';
import { snapshot } from './snapshot.ts';
import { staticSparse } from './static-sparse.ts';

export const METHODS = ['edst', 'dst', 'static', 'dense', 'gmp', 'one-shot', 'pf', 'ltr', 'snapshot', 'fge', ...ONE_PASS] as const;
export type Method = (typeof METHODS)[number];

export type PlansForOptions = EdstOptions &
  Pick<GmpOptions, 'pruneEpochs'> &
  Pick<PfOptions, 'fineTuneEpochs' | 'fineTuneRate'> &
  Pick<LtrOptions, 'rewindEpoch' | 'roundShare'> &
  Pick<FgeOptions, 'cycleEpochs'> &
  Pick<OnePassOptions, 'base'> &
  Omit<OnePassDefaults, 'tickets'>;

/**
 * Plans that give `tickets` tickets. E is `exploreEpochs + refineEpochs` (rounded up), which is what one ticket of EDST would cost alone and what
 * one dense network trains. One plan gives all tickets for `edst`, and in E epochs for `snapshot`, `fge` and the methods of one pass; the others have one plan per
 * ticket, of E epochs, for `pf` twice as many, for `ltr` E for the dense network and E for each round. Options that a method has no use for
 * are ignored.
 * @throws SparseError INVALID_ARGUMENT naming the option
 */
export function plansFor(method: Method, options: PlansForOptions): readonly Plan[] {
  if (method === 'edst') return [edst(options)];
  const runs = { ...options, epochs: Math.ceil(options.exploreEpochs + options.refineEpochs) };
  if (method === 'dst') return dst(runs);
  if (method === 'static') return staticSparse(runs);
  if (method === 'dense') return dense(runs);
  if (method === 'gmp') return gmp({ ...runs, pruning: pruningOf(options.rewiring) });
  if (method === 'snapshot') return [snapshot(runs)];
  if (method === 'fge') return [fge(runs)];
  const onePass = onePassNamed(method, options);
  if (onePass) return [onePassPlan(onePass, runs)];
  const pruned = { ...runs, drop: options.rewiring?.drop };
  if (method === 'one-shot') return oneShot(pruned);
  if (method === 'pf') return pf(pruned);
  if (method === 'ltr') return ltr(pruned);
  const guess = nearest(method, METHODS);
  throw new SparseError('INVALID_ARGUMENT', 'method', METHODS.join(', '), method, guess && `Did you mean ${guess}?`);
}

/** Pruning takes the drop rule and the interval of what would be a rewiring. */
const pruningOf = ({ drop, every }: NonNullable<EdstOptions['rewiring']> = {}): Partial<Pick<Pruning, 'drop' | 'every'>> => ({
  ...(drop && { drop }),
  ...(every !== undefined && { every }),
});
