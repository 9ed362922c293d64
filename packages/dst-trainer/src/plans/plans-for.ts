/** One way from a method's name to its plans, for programs whose users choose the method. */
import { nearest, SparseError } from '@freetickets/sparse-core';
import type { Pruning } from '../rewiring.ts';
import { dense } from './dense.ts';
import { dst } from './dst.ts';
import { type EdstOptions, edst } from './edst.ts';
import { type GmpOptions, gmp } from './gmp.ts';
import type { Plan } from './plan.ts';
import { staticSparse } from './static-sparse.ts';

export const METHODS = ['edst', 'dst', 'static', 'dense', 'gmp'] as const;
export type Method = (typeof METHODS)[number];

/**
 * Plans that give `tickets` tickets: one plan for `edst`, one per ticket for the others, each of `exploreEpochs + refineEpochs` epochs
 * (rounded up), which is what one ticket of EDST would cost alone. Options that a method has no use for are ignored.
 * @throws SparseError INVALID_ARGUMENT naming the option
 */
export function plansFor(method: Method, options: EdstOptions & Pick<GmpOptions, 'pruneEpochs'>): readonly Plan[] {
  if (method === 'edst') return [edst(options)];
  const runs = { ...options, epochs: Math.ceil(options.exploreEpochs + options.refineEpochs) };
  if (method === 'dst') return dst(runs);
  if (method === 'static') return staticSparse(runs);
  if (method === 'dense') return dense(runs);
  if (method === 'gmp') return gmp({ ...runs, pruning: pruningOf(options.rewiring) });
  const guess = nearest(method, METHODS);
  throw new SparseError('INVALID_ARGUMENT', 'method', METHODS.join(', '), method, guess && `Did you mean ${guess}?`);
}

/** Pruning takes the drop rule and the interval of what would be a rewiring. */
const pruningOf = ({ drop, every }: NonNullable<EdstOptions['rewiring']> = {}): Partial<Pick<Pruning, 'drop' | 'every'>> => ({
  ...(drop && { drop }),
  ...(every !== undefined && { every }),
});
