/** Does a step rewire, and how much? Pure, so that the calendar of a plan can be read without running it. */
import { valueAt } from '@freetickets/sparse-core';
import type { Phase } from './plans/plan.ts';
import type { Rewiring } from './rewiring.ts';

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
 * @returns undefined for an ordinary step. The last step of a phase is one: weights that grow there could not learn before they are
 *          evaluated. A step that escapes does not rewire a second time.
 */
export function whenToRewire(phase: Phase, step: number, stepInPhase: number, stepsPerEpoch: number): Due | undefined {
  const { rewiring, epochs } = phase;
  if (rewiring === 'frozen') return undefined;
  if (phase.escape !== undefined && stepInPhase === 1) return { cause: 'escape', rewiring, fraction: phase.escape, update: true };
  if (step % rewiring.every !== 0 || step > (rewiring.until ?? step) || stepInPhase === epochs * stepsPerEpoch) return undefined;
  const fraction = valueAt(rewiring.fraction, stepInPhase / stepsPerEpoch);
  return { cause: 'interval', rewiring, fraction, update: rewiring.on === 'after-update' };
}
