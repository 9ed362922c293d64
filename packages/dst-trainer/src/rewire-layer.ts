/** The heart of dynamic sparse training: which weights of one layer go and which come, as a pure function of scores. */
import { type ParamName, SparseError, type TopologyDelta } from '@freetickets/sparse-core';
import { magnitudes, sizeOf } from './rules/layer.ts';
import type { DropRule, GrowRule, LayerView, Openings } from './rules/rule.ts';
import { largest, smallest } from './select.ts';
import { differences, gather, rest, without } from './sorted-lists.ts';

/**
 * Drops the `count` live weights with the lowest drop score, then grows `count` of the positions that are dead now, those with the
 * highest growth score. The just dropped may grow again: such a weight keeps its value and stands in neither list of the delta.
 * Ties: lower position first. Scores are compared in float32.
 *
 * @param count how many go, from 0 to the live count
 * @returns sorted lists, of equal length unless a rule decides on counts of its own
 * @throws SparseError INVALID_ARGUMENT for a count out of range or a rule that scores the wrong number of weights
 */
export function rewireLayer(layer: LayerView, count: number, drop: DropRule, grow: GrowRule): TopologyDelta {
  const leaving = leavingOf(layer, count, drop);
  return deltaOf(layer.param, leaving, comingOf(layer, leaving, leaving.length, grow));
}

/**
 * Sorted positions of the live weights that go.
 * @param ties `all`: also those that score the same as the last one that goes
 */
export function leavingOf(layer: LayerView, count: number, drop: DropRule, ties: 'exact' | 'all' = 'exact'): Uint32Array {
  const { param, live } = layer;
  if (!Number.isInteger(count) || count < 0 || count > live.length)
    throw new SparseError('INVALID_ARGUMENT', `${param}: count`, `a whole number from 0 to ${live.length}`, count);
  if (count === 0) return new Uint32Array(0);
  return gather(live, lowest(dropScoresOf(layer, drop), count, ties, drop.byMagnitude));
}

/** Sorted positions that come once `leaving` has gone, `count` of them unless the rule decides otherwise. */
export function comingOf(layer: LayerView, leaving: Uint32Array, count: number, grow: GrowRule): Uint32Array {
  const staying = without(layer.live, leaving);
  const wanted = grow.count?.(layer, openingsBeside(staying, sizeOf(layer.shape), count)) ?? count;
  if (wanted === 0) return new Uint32Array(0);
  const scores = scoresOf(layer, grow, openingsBeside(staying, sizeOf(layer.shape), wanted));
  const { gradient, gradientMarks } = layer.signals;
  const atLeast = scores === gradient ? gradientMarks : undefined;
  return largest(scores, wanted, { byMagnitude: grow.byMagnitude ?? false, except: staying, atLeast });
}

/** Most rules read no candidates, and a list of all of them takes longer than the choice: it is made when it is asked for. */
function openingsBeside(staying: Uint32Array, size: number, count: number): Openings {
  let candidates: Uint32Array | undefined;
  return {
    count,
    get candidates() {
      candidates ??= rest(size, staying);
      return candidates;
    },
  };
}

/** What stands in both lists stays as it is. */
export function deltaOf(param: ParamName, leaving: Uint32Array, coming: Uint32Array): TopologyDelta {
  const [dropped, grown] = differences(leaving, coming);
  return { param, dropped, grown };
}

/** Indices of the `count` lowest scores (or absolute values) and, with `all`, of those that equal the highest of them. */
export function lowest(scores: Float32Array, count: number, ties: 'exact' | 'all', byMagnitude = false): Uint32Array {
  const exact = smallest(scores, count, { byMagnitude });
  if (ties === 'exact' || count === 0) return exact;
  const compared = byMagnitude ? magnitudes(scores) : scores;
  const last = exact.reduce((most, i) => Math.max(most, compared[i]!), Number.NEGATIVE_INFINITY);
  return Uint32Array.from(compared, (_, i) => i).filter((i) => compared[i]! <= last);
}

/** One drop score per live weight. */
export const dropScoresOf = (layer: LayerView, drop: DropRule): Float32Array =>
  checkLength(drop.score(layer), layer.live.length, layer.param, drop.kind);

/** One growth score per position. */
export const scoresOf = (layer: LayerView, grow: GrowRule, openings: Openings): Float32Array =>
  checkLength(grow.score(layer, openings), sizeOf(layer.shape), layer.param, grow.kind);

function checkLength(scores: Float32Array, length: number, param: ParamName, kind: string): Float32Array {
  if (scores.length !== length) throw new SparseError('INVALID_ARGUMENT', `${param}: rule ${kind}`, `${length} scores`, scores.length);
  return scores;
}
