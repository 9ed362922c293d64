/** The heart of dynamic sparse training: which weights of one layer go and which come, as a pure function of scores. */
import { type ParamName, SparseError, type TopologyDelta } from '@freetickets/sparse-core';
import type { DropRule, GrowRule, LayerView } from './rules/rule.ts';
import { largest, smallest } from './select.ts';

/**
 * Drops the `count` live weights with the lowest drop score, then grows `count` of the positions that are dead now, those with the
 * highest growth score. The just dropped may grow again: such a weight keeps its value and stands in neither list of the delta.
 * Ties: lower position first. Scores are compared in float32.
 *
 * @param count how many go, from 0 to the live count
 * @returns sorted lists of equal length, so the live count stays
 * @throws SparseError INVALID_ARGUMENT for a count out of range or a rule that scores the wrong number of weights
 */
export function rewireLayer(layer: LayerView, count: number, drop: DropRule, grow: GrowRule): TopologyDelta {
  const { param, live, shape } = layer;
  if (!Number.isInteger(count) || count < 0 || count > live.length)
    throw new SparseError('INVALID_ARGUMENT', `${param}: count`, `a whole number from 0 to ${live.length}`, count);
  if (count === 0) return { param, dropped: new Uint32Array(0), grown: new Uint32Array(0) };
  const size = shape.reduce((a, b) => a * b, 1);

  const leaving = smallest(checkLength(drop.score(layer), live.length, param, drop.kind), count).map((ordinal) => live[ordinal]!);
  const candidates = deadAfter(live, leaving, size);
  const scores = checkLength(grow.score(layer), size, param, grow.kind);
  const coming = largest(gather(scores, candidates), count).map((ordinal) => candidates[ordinal]!);
  return { param, dropped: without(leaving, coming), grown: without(coming, leaving) };
}

function checkLength(scores: Float32Array, length: number, param: ParamName, kind: string): Float32Array {
  if (scores.length !== length) throw new SparseError('INVALID_ARGUMENT', `${param}: rule ${kind}`, `${length} scores`, scores.length);
  return scores;
}

/** Sorted positions that are dead once `leaving` (a sorted part of `live`) is. */
function deadAfter(live: Uint32Array, leaving: Uint32Array, size: number): Uint32Array {
  const dead = new Uint32Array(size - live.length + leaving.length);
  let filled = 0;
  let nextLive = 0;
  let nextLeaving = 0;
  for (let position = 0; position < size; position++) {
    if (live[nextLive] !== position) dead[filled++] = position;
    else {
      nextLive++;
      if (leaving[nextLeaving] !== position) continue;
      nextLeaving++;
      dead[filled++] = position;
    }
  }
  return dead;
}

function gather(scores: Float32Array, positions: Uint32Array): Float32Array {
  const gathered = new Float32Array(positions.length);
  for (let i = 0; i < positions.length; i++) gathered[i] = scores[positions[i]!]!;
  return gathered;
}

/** The items of one sorted list that the other sorted list lacks. */
function without(items: Uint32Array, others: Uint32Array): Uint32Array {
  let next = 0;
  return items.filter((item) => {
    while (next < others.length && others[next]! < item) next++;
    return others[next] !== item;
  });
}
