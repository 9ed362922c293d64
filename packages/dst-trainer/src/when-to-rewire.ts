/** Does a step rewire or prune, and how much? Pure, so that the calendar of a plan can be read without running it. */
import { valueAt } from '@freetickets/sparse-core';
import type { Phase, Plan } from './plans/plan.ts';
import { CLEAN, type Profile } from './profile.ts';
import type { Pruning, Rewiring } from './rewiring.ts';

export interface Due {
  readonly cause: 'interval' | 'escape';
  readonly rewiring: Rewiring;
  readonly fraction: number;
  /** Whether the optimiser takes the step too. */
  readonly update: boolean;
}

/**
 * @param step        counted from 1 over the whole plan
 * @param stepInPhase counted from 1
 * @returns undefined for an ordinary step. In the clean profile the last step of a phase is one: weights that grow there could not learn
 *          before they are evaluated. A step that escapes does not rewire a second time.
 */
export function whenToRewire(
  phase: Phase,
  step: number,
  stepInPhase: number,
  stepsPerEpoch: number,
  profile: Profile = CLEAN,
): Due | undefined {
  const { rewiring, epochs } = phase;
  if (rewiring === 'frozen') return undefined;
  if (phase.escape !== undefined && stepInPhase === 1 && profile.escape === 'first-step')
    return { cause: 'escape', rewiring, fraction: phase.escape, update: true };
  if (step % rewiring.every !== 0 || step > (rewiring.until ?? step)) return undefined;
  if (stepInPhase === epochs * stepsPerEpoch && profile.lastStep === 'skipped') return undefined;
  const fraction = valueAt(rewiring.fraction, stepInPhase / stepsPerEpoch);
  return { cause: 'interval', rewiring, fraction, update: rewiring.on === 'after-update' };
}

/** The escape that follows the end of a phase, with the gradient of its last step. Only in profiles that escape there. */
export function escapeAfter(plan: Plan, phase: number): Due | undefined {
  const next = plan.phases[phase + 1];
  if (plan.profile?.escape !== 'phase-end' || next?.escape === undefined || next.rewiring === 'frozen') return undefined;
  return { cause: 'escape', rewiring: next.rewiring, fraction: next.escape, update: true };
}

/** Whether a step prunes: at multiples of the interval while the sparsity rises, and once when it has risen. Not before it begins to. */
export function prunes({ every, sparsity }: Pruning, step: number, stepInPhase: number, stepsPerEpoch: number): boolean {
  const begin = (sparsity.begin ?? 0) * stepsPerEpoch;
  const end = Math.max(1, Math.ceil(sparsity.over * stepsPerEpoch));
  return stepInPhase === end || (step % every === 0 && stepInPhase > begin && stepInPhase < end);
}
