/** Growth under a structure: every group of positions is filled up to its number, and units of little worth may be given up (SRigL). */
import { SparseError } from '@freetickets/sparse-core';
import { scoresOf } from './rewire-layer.ts';
import { magnitudes, sizeOf } from './rules/layer.ts';
import type { GrowRule, LayerView } from './rules/rule.ts';
import { largest } from './select.ts';
import { gather, rest, without } from './sorted-lists.ts';
import { groupSizeOf, type Structure } from './structure.ts';

export interface LeavingAndComing {
  /** Sorted live positions that go. */
  readonly leaving: Uint32Array;
  /** Sorted positions that come; what stands in both stays. */
  readonly coming: Uint32Array;
}

/**
 * Grows in each group as many as it lacks, those with the highest scores in it.
 * @param leaving   what the drop rule took, anywhere in the layer; ablation adds to it
 * @param mayAblate false for the output of the network, whose units are the classes
 * @param budget    live weights that the layer is meant to have, which the units left after an ablation share; default: what it has
 */
export function structuredGrowth(
  layer: LayerView,
  leaving: Uint32Array,
  grow: GrowRule,
  structure: Structure,
  mayAblate: boolean,
  budget: number = layer.live.length,
): LeavingAndComing {
  const size = sizeOf(layer.shape);
  const groupSize = groupSizeOf(structure, layer.shape);
  const byGroup = (positions: Uint32Array) => countByGroup(positions, groupSize, size / groupSize);
  const candidates = rest(size, without(layer.live, leaving));
  const scored = scoresOf(layer, grow, { candidates, count: leaving.length });
  const scores = grow.byMagnitude ? magnitudes(scored) : scored;
  const before = byGroup(layer.live);
  const lost = byGroup(leaving);
  const kept = before.map((count, group) => count - lost[group]!);
  let quotas = before;
  if (structure.kind === 'fan-in' && structure.ablate !== undefined && mayAblate) {
    const open = candidates.filter((position) => before[Math.floor(position / groupSize)]! > 0);
    const wanted = byGroup(largest(gather(scores, open), leaving.length).map((ordinal) => open[ordinal]!));
    const worth = kept.map((count, group) => count + wanted[group]!);
    quotas = withoutPoorUnits(before, worth, structure.ablate, { inputs: groupSize, budget });
  }
  const gone = new Set(leaving);
  return {
    leaving: layer.live.filter((position) => gone.has(position) || quotas[Math.floor(position / groupSize)] === 0),
    coming: fillUp(candidates, scores, groupSize, (group) => Math.max(0, quotas[group]! - kept[group]!)),
  };
}

/**
 * Live weights of each unit after the poor ones are given up: the budget is shared equally by the others, rounded, at most their inputs. Units
 * that had none get none; the worthiest is always kept.
 */
function withoutPoorUnits(
  before: Uint32Array,
  worth: Uint32Array,
  ablate: number,
  { inputs, budget }: { readonly inputs: number; readonly budget: number },
): Uint32Array {
  const total = before.reduce((sum, count) => sum + count, 0);
  const units = [...before.keys()].filter((unit) => before[unit]! > 0);
  const worthiest = units.reduce((best, unit) => (worth[unit]! > worth[best]! ? unit : best), units[0] ?? 0);
  const staying = new Set(units.filter((unit) => unit === worthiest || worth[unit]! >= (ablate * total) / units.length));
  const fanIn = Math.min(inputs, Math.round(budget / staying.size));
  return before.map((_, unit) => (staying.has(unit) ? fanIn : 0));
}

function countByGroup(positions: Uint32Array, groupSize: number, groups: number): Uint32Array {
  const counts = new Uint32Array(groups);
  for (const position of positions) counts[Math.floor(position / groupSize)]!++;
  return counts;
}

/** The best candidates of every group; candidates are sorted, so those of one group stand together. */
function fillUp(candidates: Uint32Array, scores: Float32Array, groupSize: number, lacking: (group: number) => number): Uint32Array {
  const chosen: number[] = [];
  for (let start = 0; start < candidates.length; ) {
    const group = Math.floor(candidates[start]! / groupSize);
    let end = start;
    while (end < candidates.length && candidates[end]! < (group + 1) * groupSize) end++;
    const own = candidates.subarray(start, end);
    for (const ordinal of bestOf(gather(scores, own), lacking(group))) chosen.push(own[ordinal]!);
    start = end;
  }
  return Uint32Array.from(chosen);
}

/** Below this a sort is faster than the histograms of `largest`. */
const FEW = 4096;

function bestOf(scores: Float32Array, count: number): Uint32Array {
  if (scores.length > FEW) return largest(scores, count);
  const wrong = scores.findIndex((score) => Number.isNaN(score));
  if (wrong >= 0) throw new SparseError('NON_FINITE', `scores[${wrong}]`, 'a number', scores[wrong], 'Gradients are no longer finite');
  const order = Uint32Array.from(scores, (_, i) => i).sort((a, b) => scores[b]! - scores[a]! || a - b);
  return order.subarray(0, count).sort();
}
