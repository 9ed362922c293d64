/** One-shot pruning: of a trained state the weights of largest magnitude stay, where and what they are. */
import { SparseError } from './errors.ts';
import type { LiveCounts } from './flops.ts';
import { network } from './network.ts';
import type { ModelState } from './state.ts';

/**
 * The state with exactly `counts` live weights per layer: those of largest magnitude, of equal ones those at lower positions. A layer that keeps all is
 * dense. Momentum is left out.
 * @param counts from a distribution such as `erk()(net, 0.9)`, or of the layers' competition for the largest magnitudes of all:
 *   `distributionFromScores(magnitudeScores(state.values))(net, 0.9)`. A layer that is not named stays as it is
 * @throws SparseError INVALID_ARGUMENT when more weights are to live than do
 */
export function pruneByMagnitude(state: ModelState, counts: LiveCounts): ModelState {
  const net = network(state.spec);
  const topology = new Map(state.topology);
  const values = new Map(state.values);
  for (const [param, count] of counts) {
    const info = net.params.get(param);
    if (!info?.sparsifiable)
      throw new SparseError('INVALID_ARGUMENT', param, 'a weight that may be sparse', info ? 'a dense one' : 'no such parameter');
    const before = state.values.get(param)!;
    if (!Number.isInteger(count) || count < 0 || count > before.length)
      throw new SparseError('INVALID_ARGUMENT', param, `a live count from 0 to ${before.length}, as many as live now`, count);
    if (count === before.length) continue;
    const kept = largest(before, count);
    const live = state.topology.get(param)?.live;
    topology.set(param, { shape: info.shape, live: live ? kept.map((k) => live[k]!) : kept });
    values.set(
      param,
      new Float32Array(count).map((_, k) => before[kept[k]!]!),
    );
  }
  return { spec: state.spec, topology, values, step: state.step };
}

/** Sorted positions of the `count` largest magnitudes; of equal ones the lower positions. */
function largest(values: Float32Array, count: number): Uint32Array {
  const kept = new Uint32Array(count);
  if (count === 0) return kept;
  const magnitudes = values.map(Math.abs);
  const threshold = magnitudes.slice().sort().at(-count)!;
  const above = magnitudes.reduce((sum, magnitude) => sum + (magnitude > threshold ? 1 : 0), 0);
  let ties = count - above;
  let k = 0;
  magnitudes.forEach((magnitude, position) => {
    if (magnitude > threshold || (magnitude === threshold && ties-- > 0)) kept[k++] = position;
  });
  return kept;
}
