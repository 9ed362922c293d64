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

/** The topology after `delta`; the arrays of the old one are untouched. */
export function applyDelta(layer: LayerTopology, delta: TopologyDelta): LayerTopology {
  const refuse = (list: 'dropped' | 'grown', expected: string, received: unknown) =>
    new SparseError('INVALID_ARGUMENT', `${delta.param}: ${list}`, expected, received);
  const leaving = delta.dropped.slice().sort();
  const coming = delta.grown.slice().sort();
  const size = layer.shape.reduce((a, b) => a * b, 1);
  if (coming.length > 0 && coming.at(-1)! >= size) throw refuse('grown', `positions below ${size}`, coming.at(-1));
  const live = new Uint32Array(Math.max(0, layer.live.length - leaving.length) + coming.length);
  let [left, came, filled] = [0, 0, 0];
  const put = (position: number) => {
    if (filled > 0 && live[filled - 1] === position) throw refuse('grown', 'dead positions, each once', position);
    live[filled++] = position;
  };
  for (const position of layer.live) {
    if (leaving[left] === position) {
      left++;
      continue;
    }
    while (came < coming.length && coming[came]! <= position) put(coming[came++]!);
    put(position);
  }
  while (came < coming.length) put(coming[came++]!);
  if (left < leaving.length) throw refuse('dropped', 'live positions only, each once', delta.dropped);
  return { shape: layer.shape, live };
}
