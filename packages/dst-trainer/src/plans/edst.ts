/**
 * Efficient dynamic sparse training (EDST): one run that hands out several tickets. It explores once at a large learning rate, then refines,
 * hands out a ticket, escapes by a large rewiring, refines again, and so on.
 */
import type { Schedule } from '@freetickets/sparse-core';
import { rigl } from '../rewiring.ts';
import { checkPlan } from './check-plan.ts';
import { check, checkWhole } from './checks.ts';
import type { Phase, Plan } from './plan.ts';
import { type DynamicPlanOptions, dropShare, phaseRate, planFields } from './plan-options.ts';

export interface EdstOptions extends DynamicPlanOptions {
  readonly tickets: number;
  readonly exploreEpochs: number;
  /** Per ticket. May be fractional if the total over all tickets is whole; then the boundaries between tickets are rounded up. */
  readonly refineEpochs: number;
  /** Share dropped and regrown between tickets, in (0, 1]. Default 0.8. */
  readonly escape?: number;
}

/**
 * Phases `explore`, `refine 1`, `refine 2`, ... Each refinement runs its first half at a tenth and its second half at a hundredth of the
 * learning rate. The drop share is constant; another `deathRate` runs from the start to the first ticket, and anew after each escape.
 *
 * The escape uses the gradient of the first mini-batch of the new phase; the reference code uses that of the last one before.
 * @throws SparseError INVALID_ARGUMENT naming the option
 * @source arXiv:2106.14568; 150 + 3 x 100 epochs at sparsity 0.8 and 150 + 7 x 100 at 0.9 are its CIFAR settings
 */
export function edst(options: EdstOptions): Plan {
  const { tickets, exploreEpochs, refineEpochs, escape: escapeShare = 0.8, ticket = 'best-validation' } = options;
  const fields = planFields('edst', options);
  checkWhole(tickets, 'edst: tickets');
  checkWhole(exploreEpochs, 'edst: exploreEpochs');
  const refineTotal = wholeTotal(tickets, refineEpochs);
  check(escapeShare > 0 && escapeShare <= 1, 'edst: escape', 'a share above 0 and at most 1', escapeShare);
  const firstEnd = boundary(refineTotal, tickets, 2);
  const rewiring = (epochs: number, begin = 0) =>
    rigl({ ...options.rewiring, fraction: dropShare('edst', options, 'constant', epochs, begin) });

  const refinements = Array.from({ length: tickets }, (_, j): Phase => {
    const begin = boundary(refineTotal, tickets, 2 * j);
    const middle = boundary(refineTotal, tickets, 2 * j + 1);
    const end = boundary(refineTotal, tickets, 2 * j + 2);
    return {
      name: `refine ${j + 1}`,
      epochs: end - begin,
      learningRate: phaseRate('edst', options, exploreEpochs + begin, (rate) => halves(rate, middle - begin)),
      rewiring: j === 0 ? rewiring(exploreEpochs + firstEnd, exploreEpochs) : rewiring(end - begin),
      ...(j > 0 && { escape: escapeShare }),
      ticket,
    };
  });
  const learningRate = phaseRate('edst', options, 0, (rate) => rate);
  const explore: Phase = { name: 'explore', epochs: exploreEpochs, learningRate, rewiring: rewiring(exploreEpochs + firstEnd) };
  const plan = { ...fields, denseEpochs: exploreEpochs + refineEpochs, phases: [explore, ...refinements] };
  checkPlan(plan);
  return plan;
}

/** A tenth of the first rate, from the middle on a hundredth. */
const halves = (rate: number, middle: number): Schedule => ({ kind: 'steps', start: rate / 10, changes: [[middle, rate / 100]] });

function wholeTotal(tickets: number, refineEpochs: number): number {
  check(refineEpochs >= 1 && Number.isFinite(refineEpochs), 'edst: refineEpochs', 'a number of at least 1', refineEpochs);
  const total = Math.round(tickets * refineEpochs);
  check(
    Math.abs(tickets * refineEpochs - total) < 1e-6,
    'edst: refineEpochs',
    `epochs that add up to a whole number over ${tickets} tickets`,
    refineEpochs,
  );
  return total;
}

/** Epochs of refinement done after `halves` half refinements, rounded up. One division of whole numbers: a sum of fractions could overshoot. */
const boundary = (refineTotal: number, tickets: number, halves: number): number => Math.ceil((refineTotal * halves) / (2 * tickets));
