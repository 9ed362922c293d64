/** Which weights live: sorted positions, never masks over dense arrays. A parameter that no topology names is dense. */
import { SparseError } from './errors.ts';
import type { Network } from './network.ts';
import { rng } from './rng.ts';
import type { ParamName } from './spec.ts';

/** `live`: strictly increasing row-major positions in an array of `shape`. */
export interface LayerTopology {
  readonly shape: readonly number[];
  readonly live: Uint32Array;
}

export type Topology = ReadonlyMap<ParamName, LayerTopology>;

/**
 * One layer's change: sorted positions; a position may stand in neither or one. `Session.rewire` takes equally many of both, so that the live
 * count stays; after any other change a session is opened anew.
 */
export interface TopologyDelta {
  readonly param: ParamName;
  readonly dropped: Uint32Array;
  readonly grown: Uint32Array;
}

/**
 * Draws exactly `counts` live positions per weight, uniformly without replacement, from the stream `('topology', param)` of `seed`.
 * A weight whose count is its whole size is left out: it is dense and takes no part in rewiring.
 */
export function randomTopology(net: Network, counts: ReadonlyMap<ParamName, number>, seed: number): Topology {
  return drawTopology(net, counts, (param, size, count) => rng(seed).stream('topology', param).sample(size, count));
}

/**
 * As `randomTopology`, but each position lives by a coin of probability count / size of its own, as the published code of FreeTickets draws
 * its masks: live counts are right on average only. Stream `('coin topology', param)`.
 */
export function coinTopology(net: Network, counts: ReadonlyMap<ParamName, number>, seed: number): Topology {
  return drawTopology(net, counts, (param, size, count) => {
    const draws = rng(seed).stream('coin topology', param);
    return Uint32Array.from({ length: size }, (_, position) => position).filter(() => draws.uniform() < count / size);
  });
}

function drawTopology(
  net: Network,
  counts: ReadonlyMap<ParamName, number>,
  draw: (param: ParamName, size: number, count: number) => Uint32Array,
): Topology {
  const topology = new Map<ParamName, LayerTopology>();
  for (const [param, count] of counts) {
    const info = net.params.get(param);
    if (!info?.sparsifiable)
      throw new SparseError('INVALID_ARGUMENT', param, 'a weight that may be sparse', info ? 'a dense one' : 'no such parameter');
    if (!Number.isInteger(count) || count < 0 || count > info.size)
      throw new SparseError('INVALID_ARGUMENT', param, `a live count from 0 to ${info.size}`, count);
    if (count === info.size) continue;
    topology.set(param, { shape: info.shape, live: draw(param, info.size, count) });
  }
  return topology;
}

/** A layer after a change, and where its numbers come from. */
export interface TracedDelta {
  readonly after: LayerTopology;
  /** For each live position, its ordinal among those before; for one that has grown, how many those were. */
  readonly from: Uint32Array;
}

/** The topology after `delta`; the arrays of the old one are untouched. */
export const applyDelta = (layer: LayerTopology, delta: TopologyDelta): LayerTopology => traceDelta(layer, delta).after;

/** As `applyDelta`, for whoever keeps numbers in the order of the live positions. */
export function traceDelta({ shape, live: before }: LayerTopology, delta: TopologyDelta): TracedDelta {
  const refuse = (list: 'dropped' | 'grown', expected: string, received: unknown) =>
    new SparseError('INVALID_ARGUMENT', `${delta.param}: ${list}`, expected, received);
  const dropped = sorted(delta.dropped);
  const grown = sorted(delta.grown);
  const size = shape.reduce((a, b) => a * b, 1);
  if (grown.length > 0 && grown.at(-1)! >= size) throw refuse('grown', `positions below ${size}`, grown.at(-1));
  const { live, from, went } = merged(before, dropped, grown);
  const twice = repeated(live);
  if (twice >= 0) throw refuse('grown', 'dead positions, each once', twice);
  if (went < dropped.length) throw refuse('dropped', 'live positions only, each once', delta.dropped);
  return { after: { shape, live: unsigned(live) }, from: unsigned(from) };
}

/** The first item of a sorted list that stands in it again, or -1. */
function repeated(list: Int32Array): number {
  for (let k = 1; k < list.length; k++) if (list[k - 1] === list[k]) return list[k]!;
  return -1;
}

const unsigned = (list: Int32Array): Uint32Array => new Uint32Array(list);

/** The list itself if it is sorted, as it should be. */
function sorted(positions: Uint32Array): Uint32Array {
  for (let i = 1; i < positions.length; i++) if (positions[i - 1]! > positions[i]!) return positions.slice().sort();
  return positions;
}

/** Above every position. */
const END = 0x7fffffff;

/** Kept from call to call: new memory takes as long as what is done in it. */
let room = new Int32Array(0);

/** Lists of these lengths, with whatever stood there, valid until the next call. */
function lists<const Lengths extends readonly number[]>(...lengths: Lengths): { [K in keyof Lengths]: Int32Array } {
  const total = lengths.reduce((a, b) => a + b, 0);
  if (room.length < total) room = new Int32Array(total);
  let end = 0;
  return lengths.map((length) => {
    end += length;
    return room.subarray(end - length, end);
  }) as { [K in keyof Lengths]: Int32Array };
}

/**
 * Merges the lists by arithmetic alone, for a processor cannot guess which of them is next: comparisons give all ones or none. What is written
 * stays if `filled` moves on. What it returns is valid until the next call.
 */
function merged(before: Uint32Array, dropped: Uint32Array, grown: Uint32Array): { live: Int32Array; from: Int32Array; went: number } {
  const count = before.length;
  const steps = count + grown.length;
  const [old, leaving, coming, live, from] = lists(count + 1, dropped.length + 1, grown.length + 1, steps + 1, steps + 1);
  for (const [list, positions] of [
    [old, before],
    [leaving, dropped],
    [coming, grown],
  ] as const) {
    list.set(positions);
    list[positions.length] = END;
  }
  let filled = 0;
  let went = 0;
  for (let step = 0, i = 0; step < steps; step++) {
    const next = old[i]!;
    const fresh = coming[step - i]!;
    const isOld = (next - fresh - 1) >> 31;
    const goes = (((next ^ leaving[went]!) - 1) >> 31) & isOld;
    live[filled] = fresh ^ ((next ^ fresh) & isOld);
    from[filled] = count ^ ((i ^ count) & isOld);
    i -= isOld;
    went -= goes;
    filled += 1 + goes;
  }
  return { live: live.subarray(0, filled), from: from.subarray(0, filled), went };
}
