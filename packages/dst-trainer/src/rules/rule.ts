/**
 * What a drop, growth or redistribution rule is. A rule scores; selection is done for it, so exact counts, tie-breaks and the total of live
 * weights hold for every rule, yours included. A rule knows nothing of time or engines.
 */
import type { ParamName, Signal } from '@freetickets/sparse-core';

/**
 * What a rule may read of dead positions. `gradient`: the dense gradient of the step, from the engine. `momentum`: the sum of the dense
 * gradients of the steps before, each weighed by the optimiser's momentum once per step; the trainer keeps it, for sparse storage has no
 * momentum of dead weights. `fired`: which positions have ever lived.
 */
export type RuleSignal = Signal | 'momentum' | 'fired';

export interface RuleSignals {
  /** Over all positions, dead ones included. */
  readonly gradient?: Float32Array;
  /** What `Session.marks` says of it, where the engine can. */
  readonly gradientMarks?: (least: number) => Int32Array;
  /** Over all positions, dead ones included. */
  readonly momentum?: Float32Array;
  /** One bit per position, the lowest bit first. */
  readonly fired?: Uint8Array;
}

/** One layer at the instant of its rewiring. */
export interface LayerView {
  readonly param: ParamName;
  readonly shape: readonly number[];
  /** Strictly increasing positions of the live weights. */
  readonly live: Uint32Array;
  /** Their values, in the same order. */
  readonly values: Float32Array;
  /** The optimiser's buffers of the live weights, in the same order. */
  readonly momentum?: Float32Array;
  /** What the rules asked for in `needs`. */
  readonly signals: RuleSignals;
  /** Uniform in [0, 1), from a stream of this layer and step alone. */
  random(): number;
}

export interface DropRule {
  /** For people and files, such as `magnitude`. */
  readonly kind: string;
  readonly needs: readonly RuleSignal[];
  /** One score per live weight, in live order; the lowest go. */
  score(layer: LayerView): Float32Array;
  /** Scores are compared by absolute value, which spares the rule an array of them. Default false. */
  readonly byMagnitude?: boolean;
  /** `network`: the scores of all layers are compared with each other, and the share that goes is one of them all. Default `layer`. */
  readonly over?: 'layer' | 'network';
  /** How many go, where the rule itself decides it; absent: the share that the rewiring asks for. An escape always takes its own share. */
  count?(layer: LayerView): number;
}

/** What a growth rule chooses from. */
export interface Openings {
  /** Sorted positions that are dead after the drop, the just dropped included. */
  readonly candidates: Uint32Array;
  /** How many of them come. */
  readonly count: number;
}

export interface GrowRule {
  /** For people and files, such as `gradient`. */
  readonly kind: string;
  readonly needs: readonly RuleSignal[];
  /** One score per position of the layer; the highest among the candidates come alive. */
  score(layer: LayerView, openings: Openings): Float32Array;
  /** Scores are compared by absolute value, which spares the rule an array of them. Default false. */
  readonly byMagnitude?: boolean;
  /** How many come, where the rule itself decides it; absent: as many as are asked for. */
  count?(layer: LayerView, openings: Openings): number;
}

/** Lets what is dropped in one layer come back in another. */
export interface RedistributionRule {
  /** For people and files, such as `momentum`. */
  readonly kind: string;
  /** Of the layer before the drop; what is grown is shared out in proportion. At least 0. */
  statistic(layer: LayerView): number;
}
