import { type Plan, plansFor, random } from '@freetickets/dst-trainer';
import { er, erk, rng, uniform } from '@freetickets/sparse-core';
import type { Experiment } from './experiment-fields.ts';

/** The plans of an experiment, one per independent run. @throws SparseError INVALID_ARGUMENT */
export function plansOf(experiment: Experiment): readonly Plan[] {
  const { method, exploreEpochs, refineEpochs, rewireEvery: every, growth, dropFraction: from, distribution } = experiment;
  const over = exploreEpochs + refineEpochs;
  return plansFor(method, {
    ...experiment,
    distribution: { erk, er, uniform }[distribution](),
    rewiring: {
      every,
      ...(growth === 'random' && { grow: random() }),
      fraction: method === 'dst' ? { kind: 'cosine', from, to: 0.01 * from, over } : from,
    },
  });
}

/** Tickets that the plans hand out. */
export const ticketsOf = (plans: readonly Plan[]): number =>
  plans.reduce((sum, plan) => sum + plan.phases.filter((phase) => phase.ticket !== undefined).length, 0);

export const epochsOf = (plan: Plan): number => plan.phases.reduce((sum, phase) => sum + phase.epochs, 0);

/**
 * The first run has the experiment's seed. Those of the others are drawn and not counted up, so that experiments with neighbouring seeds
 * share no runs.
 */
export const seedOf = (e: Pick<Experiment, 'seed'>, member: number): number =>
  member === 0 ? e.seed : rng(e.seed).stream('member', member).uint32();
