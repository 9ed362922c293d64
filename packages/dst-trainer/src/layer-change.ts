/** What a rewiring or pruning does to one layer, and to a model. */
import type { LayerTopology, ModelState, Network, ParamName, TopologyDelta } from '@freetickets/sparse-core';
import type { RewiredLayer } from './events.ts';

export interface LayerChange {
  readonly delta: TopologyDelta;
  /** Sorted live positions whose value becomes 0 while they stay alive; their moments stay. */
  readonly zeroed: Uint32Array;
  readonly layer: RewiredLayer;
}

/** Whether a session can carry the changes out itself: live counts stay, and no value is set. */
export const isRewiring = (changes: readonly LayerChange[]): boolean =>
  changes.every(({ delta, zeroed }) => delta.dropped.length === delta.grown.length && zeroed.length === 0);

/**
 * The model after the changes; the old one is untouched. What grows starts at 0 without moments. A layer that was dense and loses a weight
 * becomes sparse; one that is sparse stays so, even when it is whole.
 */
export function changedState(net: Network, state: ModelState, changes: readonly LayerChange[]): ModelState {
  const topology = new Map(state.topology);
  const values = new Map(state.values);
  const momentum = state.momentum && new Map(state.momentum);
  const secondMoments = state.secondMoments && new Map(state.secondMoments);
  for (const { delta, zeroed } of changes) {
    const { param, dropped, grown } = delta;
    const before = liveOf(net, state, param);
    const gone = new Set(dropped);
    const live = Uint32Array.from([...before.filter((position) => !gone.has(position)), ...grown]).sort();
    const moved = (array: Float32Array) => carried(array, before, live);
    values.set(param, withZeros(moved(state.values.get(param)!), live, zeroed));
    for (const moments of [momentum, secondMoments]) {
      const buffer = moments?.get(param);
      if (buffer) moments!.set(param, moved(buffer));
    }
    if (topology.has(param) || dropped.length > 0) topology.set(param, { shape: net.params.get(param)!.shape, live });
  }
  return { ...state, topology: inOrderOf(net, topology), values, ...(momentum && { momentum }), ...(secondMoments && { secondMoments }) };
}

/** Live positions of a weight, sparse or not. */
export function liveOf(net: Network, state: ModelState, param: ParamName): Uint32Array {
  return state.topology.get(param)?.live ?? Uint32Array.from({ length: net.params.get(param)!.size }, (_, position) => position);
}

/** Numbers of the positions `before`, at the positions `after`; 0 where there was none. */
function carried(numbers: Float32Array, before: Uint32Array, after: Uint32Array): Float32Array {
  let next = 0;
  return Float32Array.from(after, (position) => {
    while (next < before.length && before[next]! < position) next++;
    return before[next] === position ? numbers[next]! : 0;
  });
}

function withZeros(values: Float32Array, live: Uint32Array, zeroed: Uint32Array): Float32Array {
  const zero = new Set(zeroed);
  return values.map((value, i) => (zero.has(live[i]!) ? 0 : value));
}

/** Layers in the network's order, however they came: the order decides ties between layers, also in a run that resumes. */
const inOrderOf = (net: Network, topology: ReadonlyMap<ParamName, LayerTopology>): ReadonlyMap<ParamName, LayerTopology> =>
  new Map([...net.params.keys()].flatMap((param) => (topology.has(param) ? [[param, topology.get(param)!] as const] : [])));
