/** What a run tells while it trains. Steps and epochs are counted from 1 over the whole plan. */
import type { ModelState, ParamName, TopologyDelta } from '@freetickets/sparse-core';
import type { TrainState } from './train-state.ts';

export type TrainEvent = PhaseEvent | ProgressEvent | RewiredEvent | EpochEvent | FaultEvent | StoppedEvent | TicketEvent | CheckpointEvent;

/** A phase begins. */
export interface PhaseEvent {
  readonly type: 'phase';
  readonly phase: string;
  readonly index: number;
  /** How many phases the plan has. */
  readonly of: number;
  readonly epochs: number;
  /** Steps taken before it. */
  readonly step: number;
}

/** Now and then, at most ten times a second: for progress bars. */
export interface ProgressEvent {
  readonly type: 'progress';
  readonly phase: string;
  readonly epoch: number;
  readonly step: number;
  readonly totalSteps: number;
  /** Mean over the epoch so far, in nats. */
  readonly loss: number;
}

/** The topology has changed. */
export interface RewiredEvent {
  readonly type: 'rewired';
  readonly phase: string;
  readonly step: number;
  readonly cause: 'interval' | 'escape' | 'pruning';
  /** Share of the live weights that was to be dropped; of a pruning, the share that went. */
  readonly fraction: number;
  /** Share of all weights that may be sparse that has lived at least once, in [0, 1]. */
  readonly exploration: number;
  readonly layers: readonly RewiredLayer[];
  readonly deltas: readonly TopologyDelta[];
}

export interface RewiredLayer {
  readonly param: ParamName;
  /** Live weights before. */
  readonly live: number;
  /** And after: the same, unless weights are pruned, redistributed, or counted by coins. */
  readonly liveAfter: number;
  readonly size: number;
  /** Weights that the drop rule took. */
  readonly dropped: number;
  /** Those of them that did not come back at once. */
  readonly changed: number;
}

/** An epoch is over, validation included. */
export interface EpochEvent {
  readonly type: 'epoch';
  readonly phase: string;
  readonly epoch: number;
  /** Epochs of the plan. */
  readonly of: number;
  readonly step: number;
  /** Mean over the epoch's training samples, in nats, each before the step it caused. */
  readonly loss: number;
  readonly accuracy: number;
  readonly validLoss?: number;
  readonly validAccuracy?: number;
  /** Of the last step. */
  readonly learningRate: number;
  /** Wall time of the run so far, over all its parts. */
  readonly seconds: number;
  /** Of the epoch: how long the steps waited for their batches. After a resumption, since then. */
  readonly waitedSeconds: number;
  /** Logits (size, classes) of the run's probe; where members share the network (size, members, classes). */
  readonly probed?: Float32Array;
}

/**
 * A phase ends before its time, as `Plan.patience` has it. The epochs and steps left out keep their numbers: the next phase is counted as if they
 * had been.
 */
export interface StoppedEvent {
  readonly type: 'stopped';
  readonly phase: string;
  /** The last one that was trained, and the last one of the phase as planned. */
  readonly epoch: number;
  readonly planned: number;
  /** The best of the phase. */
  readonly validAccuracy: number;
}

/** A step or a layer from which nothing can be learned, and that the run goes on all the same, as `Plan.guard` has it. */
export interface FaultEvent {
  readonly type: 'fault';
  readonly phase: string;
  readonly step: number;
  readonly cause: 'loss' | 'gradient' | 'dead-layer';
  /** The loss, or the norm of the gradient; as a text, for JSON has no word for those that are no finite numbers. */
  readonly value?: string;
  readonly params?: readonly ParamName[];
  readonly action: 'skip' | 'roll-back';
  /** Where the run goes back to. */
  readonly backTo?: number;
}

/** A phase hands out its ticket. */
export interface TicketEvent {
  readonly type: 'ticket';
  /** From 0. */
  readonly index: number;
  readonly phase: string;
  /** Without momentum. */
  readonly state: ModelState;
  /** The epoch that it is from; of an average, its last. */
  readonly epoch: number;
  readonly validAccuracy?: number;
}

/** A moment from which the run can go on: after every epoch, every `checkpointEvery` steps, and when the run is aborted. */
export interface CheckpointEvent {
  readonly type: 'checkpoint';
  readonly state: TrainState;
}
