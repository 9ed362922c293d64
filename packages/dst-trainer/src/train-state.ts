/**
 * Where a run stands, at any step: with the same plan and data it continues bit for bit. Nothing of a random generator is here, for every
 * draw is a function of the seed and of what it is drawn for, and the order of the data is one of (seed, epoch).
 */
import {
  coinTopology,
  type Distribution,
  initialState,
  type ModelState,
  type Network,
  randomTopology,
  SparseError,
  type Topology,
} from '@freetickets/sparse-core';
import { explored, type Fired } from './explored.ts';
import type { DenseArrays } from './gradient-average.ts';
import type { FaultCount } from './guard.ts';
import type { ModelAverage } from './model-average.ts';
import { epochsBefore } from './plans/epochs-before.ts';
import type { Plan } from './plans/plan.ts';
import { startSparsity } from './plans/start-sparsity.ts';
import { structuredCounts, structuredTopology } from './structure.ts';

/** The best model of the phase so far, by validation accuracy. */
export interface TicketCandidate {
  /** Without momentum. */
  readonly state: ModelState;
  /** Counted from 1 over the whole plan. */
  readonly epoch: number;
  readonly validAccuracy?: number;
}

export interface TrainState {
  readonly seed: number;
  /** With momentum. */
  readonly model: ModelState;
  /** Training steps over the whole plan, with those that were left out where a phase ended early. */
  readonly step: number;
  /** Index of the phase that is running; the number of phases when the run is over. */
  readonly phase: number;
  /** Epochs of the phase that are over. */
  readonly epoch: number;
  /** Batches of the epoch that are over. May be all of them: the epoch then lacks only its validation. */
  readonly batch: number;
  /** Sums over the samples of those batches. */
  readonly sums: EpochSums;
  readonly best?: TicketCandidate;
  /** The running average of the phase, where tickets are averages. */
  readonly mean?: ModelAverage;
  /** Validation so far, in a phase that may end early. */
  readonly rise?: Rise;
  /** The model that later phases go back to, without momentum; dense. */
  readonly early?: ModelState;
  /** Tickets handed out so far. */
  readonly tickets: number;
  readonly fired: Fired;
  /** The average of dense gradients, while it is gathered for a rewiring that is to come. */
  readonly average?: DenseArrays;
  /** The dense gradients of the last step, where an escape at the end of the phase is yet to read them. */
  readonly lastGradient?: DenseArrays;
  /** Absent: none. */
  readonly faults?: FaultCount;
  /** Wall time, for people; it has no part in what comes next. */
  readonly elapsedSeconds: number;
}

/** The best validation accuracy of a phase, and how many epochs since brought no better one. */
export interface Rise {
  readonly best: number;
  readonly epochsSince: number;
}

export interface EpochSums {
  readonly loss: number;
  /** Of several heads the mean, so it need not be whole. */
  readonly correct: number;
  readonly seen: number;
}

export const NO_SUMS: EpochSums = { loss: 0, correct: 0, seen: 0 };

/**
 * The start of a run: topology and values drawn from `seed`.
 * @param measured live counts in place of the plan's own, as `plan.ratios` wants it
 */
export function freshState(network: Network, plan: Plan, seed: number, measured?: Distribution): TrainState {
  const topology = firstTopology(network, plan, seed, measured);
  return startState(network, plan, seed, initialState(network, topology, seed));
}

/** The start of a run with a model. */
export function startState(network: Network, plan: Plan, seed: number, model: ModelState): TrainState {
  const fired = explored(network, model.topology).fired();
  const early = plan.rewindTo === 0 && { early: model };
  return { seed, model, step: 0, phase: 0, epoch: 0, batch: 0, sums: NO_SUMS, ...early, tickets: 0, fired, elapsedSeconds: 0 };
}

function firstTopology(network: Network, plan: Plan, seed: number, measured?: Distribution): Topology {
  const { structure, profile } = plan;
  const distribution = measured ? (structure ? structuredCounts(measured, structure) : measured) : plan.distribution;
  const counts = distribution(network, startSparsity(plan));
  if (structure) return structuredTopology(network, counts, structure, seed);
  return (profile?.initial === 'coin' ? coinTopology : randomTopology)(network, counts, seed);
}

/** @throws SparseError INVALID_ARGUMENT when `state` is not a moment of this run */
export function checkResume(state: TrainState, run: { network: Network; plan: Plan; seed: number }, stepsPerEpoch: number): void {
  const { phases } = run.plan;
  const refuse = (field: string, expected: string, received: unknown) => {
    throw new SparseError('INVALID_ARGUMENT', `resume.${field}`, expected, received, 'The checkpoint is of another run');
  };
  if (state.seed !== run.seed) refuse('seed', `the seed of the run, ${run.seed}`, state.seed);
  if (JSON.stringify(state.model.spec) !== JSON.stringify(run.network.spec))
    refuse('model', `a model of ${run.network.spec.name}`, state.model.spec.name);
  if (!(state.phase <= phases.length)) refuse('phase', `a phase of the plan, 0 to ${phases.length}`, state.phase);
  const epochs = phases[state.phase]?.epochs || 1; // a phase without epochs has a beginning too
  if (!(state.epoch < epochs)) refuse('epoch', `an epoch of the phase, below ${epochs}`, state.epoch);
  if (!(state.batch <= stepsPerEpoch)) refuse('batch', `at most ${stepsPerEpoch}, the batches of an epoch`, state.batch);
  const step = (epochsBefore(run.plan, state.phase) + state.epoch) * stepsPerEpoch + state.batch;
  if (state.step !== step) refuse('step', `${step}, where its epoch and batch lie with this plan and data`, state.step);
}
