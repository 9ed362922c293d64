/** From an experiment to the plans of its runs. */
import {
  type Averaging,
  DROP_RULES,
  GROW_RULES,
  type Guard,
  ONE_PASS,
  type OnePass,
  type Plan,
  PROFILES,
  plansFor,
  type Ratios,
  REDISTRIBUTIONS,
  type RuleOptions,
  type Structure,
  stepsPerEpoch,
  ticketCount,
} from '@freetickets/dst-trainer';
import { type Distribution, er, erk, erkPlus, rng, SparseError, uniform } from '@freetickets/sparse-core';
import type { Experiment } from './experiment-fields.ts';

/** Methods that cut a trained network to its sparsity, all layers competing unless told otherwise. */
export const PRUNED_AT_ONCE: readonly Experiment['method'][] = ['one-shot', 'pf', 'ltr'];

/** The method by which a network is trained, where `method` says how members share it. */
export const trainedAs = ({ method, base = 'dense' }: Experiment): Exclude<Experiment['method'], OnePass['kind']> =>
  isOnePass(method) ? base : method;

const isOnePass = (method: Experiment['method']): method is OnePass['kind'] => ONE_PASS.some((kind) => kind === method);

/** The plans of an experiment, one per independent run. @throws SparseError INVALID_ARGUMENT */
export function plansOf(experiment: Experiment): readonly Plan[] {
  const { method, rewireEvery: every, dropFraction: fraction, growth, redistribution = 'none' } = experiment;
  const { profile = 'clean', dropThreshold, growthMix } = experiment;
  const drop = experiment.drop ?? (PRUNED_AT_ONCE.includes(method) ? 'global-magnitude' : 'magnitude');
  const rules: RuleOptions = {
    ...(dropThreshold !== undefined && { threshold: dropThreshold }),
    ...(growthMix !== undefined && { byGradient: growthMix }),
  };
  const redistribute = REDISTRIBUTIONS[redistribution]();
  return plansFor(method, {
    ...experiment,
    ...distributionOf(experiment),
    structure: structureOf(experiment),
    averaging: averagingOf(experiment),
    guard: guardOf(experiment),
    profile: profile === 'clean' ? undefined : PROFILES[profile],
    deathRate: experiment.deathRate ?? (trainedAs(experiment) === 'dst' && profile === 'clean' ? 'cosine' : 'constant'),
    rewiring: {
      ...(every !== undefined && { every }),
      drop: DROP_RULES[drop](rules),
      grow: GROW_RULES[growth](rules),
      ...(redistribute && { redistribute }),
      fraction,
    },
  });
}

const guardOf = ({ guard: action, maxGradientNorm }: Experiment): Guard | undefined =>
  action === undefined && maxGradientNorm === undefined ? undefined : { action: action ?? 'stop', maxGradientNorm };

/** `swa` or `ema:0.999`, as a field has it. */
function averagingOf({ average, averageFrom: from }: Experiment): Averaging | undefined {
  if (average === undefined) return undefined;
  const [, decay] = average.split(':');
  return decay === undefined ? { kind: 'swa', from } : { kind: 'ema', decay: Number(decay), from };
}

/** Names of distributions whose live counts are measured before the first step. */
const MEASURED: Readonly<Partial<Record<Experiment['distribution'], Ratios>>> = {
  snip: 'snip',
  grasp: 'grasp',
  'global-magnitude': 'magnitude',
};

type DistributionFields = Pick<Experiment, 'distribution' | 'erkPower' | 'classifierDensity'>;

/** Where live counts are measured, the distribution beside it is an estimate. */
function distributionOf({ distribution, erkPower, classifierDensity }: DistributionFields): {
  readonly distribution: Distribution;
  readonly ratios?: Ratios;
} {
  const ratios = MEASURED[distribution];
  if (ratios) return { distribution: erk(), ratios };
  if (distribution === 'er') return { distribution: er() };
  if (distribution === 'uniform') return { distribution: uniform() };
  if (distribution === 'uniform-dense-first') return { distribution: uniform({ denseFirst: true }) };
  if (distribution === 'erk-plus') return { distribution: erkPlus(classifierDensity === undefined ? {} : { density: classifierDensity }) };
  return { distribution: erk(erkPower === undefined ? {} : { power: erkPower }) };
}

/**
 * A distribution for networks that are timed and not trained.
 * @throws SparseError INVALID_CONFIG for one that must be measured on data
 */
export function fixedDistribution(fields: DistributionFields): Distribution {
  const { distribution, ratios } = distributionOf(fields);
  if (ratios === undefined) return distribution;
  throw new SparseError('INVALID_CONFIG', '--distribution', 'one that needs no data to measure it', fields.distribution);
}

/** `2:4`, as a field has it. */
export function readStructure(name: string): Structure {
  if (name === 'fan-in') return { kind: 'fan-in' };
  if (name === 'srigl') return { kind: 'fan-in', ablate: 0.3 };
  const [live, of] = name.split(':').map(Number);
  return { kind: 'n-of-m', live: live!, of: of! };
}

function structureOf({ structure, ablation }: Experiment): Structure | undefined {
  if (structure === undefined) return undefined;
  const read = readStructure(structure);
  return read.kind === 'fan-in' && ablation !== undefined ? { ...read, ablate: ablation } : read;
}

/**
 * The experiment with its steps between rewirings settled, which by default go with the data: three epochs of steps, so that small data are
 * rewired too, and at most 1000 (the published CIFAR setting, 352 steps an epoch).
 */
export const settled = (e: Experiment, samples: number): Experiment => ({
  ...e,
  rewireEvery: e.rewireEvery ?? Math.min(1000, 3 * stepsPerEpoch(plansOf(e)[0]!, samples)),
});

/** Tickets that the plans hand out. */
export const ticketsOf = (plans: readonly Plan[]): number => plans.reduce((sum, plan) => sum + ticketCount(plan), 0);

/** Passes with dropout by which the tickets of a run predict, each a member; undefined where they predict without. */
export function passesOf(plans: readonly Plan[]): number | undefined {
  const onePass = plans[0]?.onePass;
  return onePass?.kind === 'mc-dropout' ? onePass.passes : undefined;
}

export const epochsOf = (plan: Plan): number => plan.phases.reduce((sum, phase) => sum + phase.epochs, 0);

/**
 * The first run has the experiment's seed. Those of the others are drawn and not counted up, so that experiments with neighbouring seeds
 * share no runs.
 */
export const seedOf = (e: Pick<Experiment, 'seed'>, member: number): number =>
  member === 0 ? e.seed : rng(e.seed).stream('member', member).uint32();
