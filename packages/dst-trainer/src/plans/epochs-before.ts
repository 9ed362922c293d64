import type { Plan } from './plan.ts';

/** Epochs of the phases before `phase`. */
export const epochsBefore = (plan: Plan, phase: number): number => plan.phases.slice(0, phase).reduce((sum, { epochs }) => sum + epochs, 0);
