/** What can be wrong with the openings of a plan's phases: pruning at once, and going back to earlier values. */
import { CLEAN } from '../profile.ts';
import { check } from './checks.ts';
import { epochsBefore } from './epochs-before.ts';
import type { Plan } from './plan.ts';

/** @throws SparseError INVALID_ARGUMENT naming the field, and what it does not go with */
export function checkOpenings(plan: Plan): void {
  const prunings = plan.phases.flatMap(({ opening }, i) => (opening?.prune ? [{ ...opening.prune, at: placeOf(i) }] : []));
  const first = plan.phases.findIndex(({ opening }) => opening !== undefined);
  if (prunings.length > 0) checkPrunings(plan, prunings);
  const rewinding = plan.phases.findIndex(({ opening }) => opening?.rewind);
  if (rewinding >= 0) {
    const most = epochsBefore(plan, first);
    const fine = Number.isInteger(plan.rewindTo) && plan.rewindTo! >= 0 && plan.rewindTo! <= most;
    check(fine, 'plan.rewindTo', `a whole number from 0 to ${most}, the epochs before the first opening`, plan.rewindTo);
    check(prunings.length > 0, `${placeOf(rewinding)}.rewind`, 'a plan that prunes', plan.method, 'Only a dense network is kept');
  }
}

const placeOf = (phase: number): string => `plan.phases[${phase}].opening`;

type PruningAt = NonNullable<NonNullable<Plan['phases'][number]['opening']>['prune']> & { readonly at: string };

function checkPrunings({ phases, ratios, structure, profile = CLEAN, sparsity }: Plan, prunings: readonly PruningAt[]): void {
  check(ratios === undefined, 'plan.ratios', 'none where an opening prunes', ratios, 'Such a run starts dense');
  check(structure === undefined, 'plan.structure', 'none where an opening prunes', structure?.kind);
  check(profile.name === 'clean', 'plan.profile', 'clean where an opening prunes', profile.name);
  check(!phases.some(({ pruning }) => pruning), prunings[0]!.at, 'no pruning beside phases that prune step by step', 'both');
  let before = 0;
  for (const { at, drop, sparsity: target } of prunings) {
    check(drop.needs.length === 0 && !drop.count, `${at}.prune.drop`, 'a rule that reads values only and leaves the count', drop.kind);
    check(target >= before && target < 1, `${at}.prune.sparsity`, `a number from ${before}, the sparsity before it, to below 1`, target);
    before = target;
  }
  check(before === sparsity, `${prunings.at(-1)!.at}.prune.sparsity`, `the plan's sparsity, ${sparsity}, at the last pruning`, before);
}
