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
      ...(every !== undefined && { every }),
      ...(growth === 'random' && { grow: random() }),
      fraction: method === 'dst' ? { kind: 'cosine', from, to: 0.01 * from, over } : from,
    },
  });
}

/**
 * The experiment with its steps between rewirings settled, which by default go with the data: three epochs of steps, so that small data are
 * rewired too, and at most 1000 (the published CIFAR setting, 352 steps an epoch).
 */
export const settled = (e: Experiment, samples: number): Experiment => ({
  ...e,
  rewireEvery: e.rewireEvery ?? Math.min(1000, 3 * Math.ceil(samples / e.batchSize)),
});

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
