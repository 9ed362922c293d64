/**
 * What one training run does from its first step to its last, as data: phases with their learning rate, rewiring and ticket. The functions
 * beside this file write the plans of the FreeTickets paper; a plan of your own is one of theirs with fields replaced, or built by hand.
 */
import type { Distribution, LossSpec, OptimizerSpec, Schedule } from '@freetickets/sparse-core';
import type { Guard } from '../guard.ts';
import type { OnePass } from '../one-pass/one-pass.ts';
import type { Profile } from '../profile.ts';
import type { Pruning, Rewiring } from '../rewiring.ts';
import type { DropRule } from '../rules/rule.ts';
import type { Structure } from '../structure.ts';

export interface Phase {
  readonly name: string;
  /** 0: only the opening happens, and the ticket is handed out at once. */
  readonly epochs: number;
  readonly opening?: Opening;
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

/**
 * A running average of the states of a phase. `decay`: the share of an exponential average that stays per step, in (0, 1). `from`: the share of
 * the phase's epochs after which it begins, in [0, 1); by default 0 for ema, 0.75 for swa, which weighs the ends of the epochs alike.
 */
export type Averaging =
  | { readonly kind: 'ema'; readonly decay: number; readonly from?: number | undefined }
  | { readonly kind: 'swa'; readonly from?: number | undefined };

/** What happens to the model before the first step of a phase. The optimizer starts afresh: without momentum, its steps counted from 0. */
export interface Opening {
  /** Cuts the model to a sparsity: over `network` as a whole, over `layer` each layer to its count in the plan's distribution. */
  readonly prune?: { readonly drop: DropRule; readonly sparsity: number };
  /** Whether every value, running statistics included, goes back to what it was at `rewindTo` of the plan. */
  readonly rewind?: boolean;
}

/** Measures by which layers get their live counts: SNIP, GraSP, or the magnitude of the first values. */
export const RATIOS = ['snip', 'grasp', 'magnitude'] as const;
export type Ratios = (typeof RATIOS)[number];

export interface Plan {
  /** For people and reports: `edst`, `dst`, `static`, or a name of your own. */
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
  /** How members share the network of the run. Default: the network is one member. */
  readonly onePass?: OnePass;
  readonly optimizer: OptimizerSpec;
  /** Default: the mean cross-entropy. */
  readonly loss?: LossSpec;
  /** Epochs at the start of the run over which the learning rate rises from 0, step by step, to what the schedules say. Default 0. */
  readonly warmupEpochs?: number;
  /** Makes the average of its phase a phase's ticket, at the phase's end, with batch norm measured anew; `ticket` then says only that there is one. */
  readonly averaging?: Averaging;
  /** A phase with a ticket ends after so many epochs without a better validation accuracy. Default: none ends early. */
  readonly patience?: number;
  /** What is done about steps and layers from which nothing can be learned. Default: the run stops. */
  readonly guard?: Guard;
  readonly batchSize: number;
  /** How many epochs one dense network would train: what `planCost` compares with. */
  readonly denseEpochs: number;
  /** Epochs of the plan after which the values are kept for openings that rewind; 0: the first values. */
  readonly rewindTo?: number;
  readonly phases: readonly Phase[];
}
