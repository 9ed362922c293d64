/**
 * What a drop or growth rule is. A rule only scores; `rewireLayer` selects, so exact counts, tie-breaks and the constant live count
 * hold for every rule, yours included. A rule knows nothing of time or engines.
 */
import type { ParamName, Signal } from '@freetickets/sparse-core';

/** One layer at the instant of its rewiring. */
export interface LayerView {
  readonly param: ParamName;
  readonly shape: readonly number[];
  /** Strictly increasing positions of the live weights. */
  readonly live: Uint32Array;
  /** Their values, in the same order. */
  readonly values: Float32Array;
  /** What the rules asked for in `needs`, over all positions, dead ones included. */
  readonly signals: { readonly [S in Signal]?: Float32Array };
  /** Uniform in [0, 1), from a stream of this layer and step alone. */
  random(): number;
}

export interface DropRule {
  /** For people and files, such as `magnitude`. */
  readonly kind: string;
  readonly needs: readonly Signal[];
  /** One score per live weight, in live order; the lowest go. */
  score(layer: LayerView): Float32Array;
}

export interface GrowRule {
  /** For people and files, such as `gradient`. */
  readonly kind: string;
  readonly needs: readonly Signal[];
  /** One score per position of the layer; the highest among the dead come alive. */
  score(layer: LayerView): Float32Array;
}
