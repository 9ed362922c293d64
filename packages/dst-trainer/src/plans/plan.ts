/**
 * What one training run does from its first step to its last, as data: phases with their learning rate, rewiring and ticket. The functions
 * beside this file write the plans of the FreeTickets paper; a plan of your own is one of theirs with fields replaced, or built by hand.
 */
import type { Distribution, OptimizerSpec, Schedule } from '@freetickets/sparse-core';
import type { Profile } from '../profile.ts';
import type { Pruning, Rewiring } from '../rewiring.ts';
import type { Structure } from '../structure.ts';

export interface Phase {
  readonly name: string;
  readonly epochs: number;
  /** Over the epochs since the phase began. */
  readonly learningRate: Schedule;
  readonly rewiring: Rewiring | 'frozen';
  /** Takes weights step by step instead of rewiring; `rewiring` is then `frozen`. */
  readonly pruning?: Pruning;
  /** Share of each layer's live weights dropped and regrown once, after the first step of the phase, to leave its basin. */
  readonly escape?: number;
  /** What the phase hands out at its end; absent: nothing. Without validation data `best-validation` means `last`. */
  readonly ticket?: 'last' | 'best-validation';
}

/** Measures by which layers get their live counts: SNIP, GraSP, or the magnitude of the first values. */
export const RATIOS = ['snip', 'grasp', 'magnitude'] as const;
export type Ratios = (typeof RATIOS)[number];

export interface Plan {
  /** For people and reports: `edst`, `dst`, `static`, `dense`, `gmp`, or a name of your own. */
  readonly method: string;
  /** Share of the weights that may be sparse that is dead, in [0, 1). */
  readonly sparsity: number;
  readonly distribution: Distribution;
  /** What measures the live counts before the first step, on its batch; `distribution` then serves estimates of cost only. */
  readonly ratios?: Ratios;
  /** A pattern that the topology keeps throughout. */
  readonly structure?: Structure;
  /** Default `CLEAN`. */
  readonly profile?: Profile;
  readonly optimizer: OptimizerSpec;
  readonly batchSize: number;
  /** How many epochs one dense network would train: what `planCost` compares with. */
  readonly denseEpochs: number;
  readonly phases: readonly Phase[];
}
