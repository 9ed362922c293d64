/** What happens in a plan and when, read from the plan alone: for people who want to know before they start it. */
import { learningRateOf } from './learning-rate.ts';
import { epochsBefore } from './plans/epochs-before.ts';
import type { Plan } from './plans/plan.ts';
import { prunes, whenToRewire } from './when-to-rewire.ts';

export interface PlannedPhase {
  readonly name: string;
  readonly epochs: number;
  readonly steps: number;
  /** Of the first and of the last step; both are of an empty phase what its schedule begins with. */
  readonly learningRate: { readonly first: number; readonly last: number };
  /** The escape not counted. */
  readonly rewirings: number;
  /** Steps that prune. */
  readonly prunings: number;
  /** Share of the live weights that is dropped and regrown as the phase begins; absent: none. */
  readonly escape?: number;
  readonly ticket: boolean;
}

/**
 * @param stepsPerEpoch see the function of this name
 * @example planCalendar(plan, stepsPerEpoch(plan, 45_000)).map(({ name, rewirings }) => `${name}: ${rewirings}`)
 */
export const planCalendar = (plan: Plan, stepsPerEpoch: number): readonly PlannedPhase[] =>
  plan.phases.map((phase, index) => {
    const { name, epochs, pruning, ticket } = phase;
    const steps = epochs * stepsPerEpoch;
    const before = epochsBefore(plan, index) * stepsPerEpoch;
    let rewirings = 0;
    let prunings = 0;
    for (let step = 1; step <= steps; step++) {
      if (whenToRewire(phase, before + step, step, stepsPerEpoch, plan.profile)?.cause === 'interval') rewirings++;
      if (pruning && prunes(pruning, before + step, step, stepsPerEpoch)) prunings++;
    }
    const rate = (step: number) => learningRateOf(plan, index, step, stepsPerEpoch);
    return {
      name,
      epochs,
      steps,
      learningRate: { first: rate(1), last: rate(Math.max(1, steps)) },
      rewirings,
      prunings,
      ...(phase.escape !== undefined && { escape: phase.escape }),
      ticket: ticket !== undefined,
    };
  });
