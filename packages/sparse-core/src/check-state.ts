/** Does a state belong to a network? Asked wherever a state crosses a border: engines, ticket files, checkpoints. */
import { SparseError } from './errors.ts';
import type { Network } from './network.ts';
import type { ParamName } from './spec.ts';
import type { ModelState } from './state.ts';
import type { LayerTopology } from './topology.ts';

/**
 * Checks topology, values, momentum and step against the network's parameters: nothing missing, nothing extra, every length right.
 * Momentum, if there is any, is there for every parameter that is trained.
 * @param at what is being checked, for the message
 * @throws SparseError SHAPE_MISMATCH naming the parameter
 */
export function checkState(net: Network, state: ModelState, at = 'state'): void {
  const wrong = (where: string, expected: string, received: unknown) =>
    new SparseError('SHAPE_MISMATCH', `${at}: ${where}`, expected, received);
  if (!Number.isSafeInteger(state.step) || state.step < 0) throw wrong('step', 'a whole number of at least 0', state.step);
  for (const [param, layer] of state.topology) {
    const info = net.params.get(param);
    if (!info?.sparsifiable) throw wrong(`topology of ${param}`, 'a weight that may be sparse', info ? 'a dense one' : 'no such parameter');
    if (String(layer.shape) !== String(info.shape)) throw wrong(`topology of ${param}`, `shape (${info.shape})`, `(${layer.shape})`);
    const fault = liveFault(layer.live, info.size);
    if (fault) throw wrong(`topology of ${param}`, fault.expected, fault.received);
  }
  checkArrays('values', state.values, () => true);
  const trained = (param: ParamName) => net.params.get(param)!.trainable;
  if (state.momentum) checkArrays('momentum', state.momentum, trained);
  if (state.secondMoments) checkArrays('second moment', state.secondMoments, trained);
  for (const [param, { length }] of state.denseMomentum ?? []) {
    const size = state.topology.has(param) ? net.params.get(param)!.size : 0;
    if (length !== size) throw wrong(`dense momentum of ${param}`, size === 0 ? 'none' : `${size} numbers`, `${length} numbers`);
  }

  function checkArrays(what: string, arrays: ReadonlyMap<ParamName, Float32Array>, wanted: (param: ParamName) => boolean): void {
    for (const param of arrays.keys())
      if (!net.params.has(param) || !wanted(param)) throw wrong(`${what} of ${param}`, 'none', `${arrays.get(param)!.length} numbers`);
    for (const [param, info] of net.params) {
      if (!wanted(param)) continue;
      const length = valueCount(state.topology.get(param), info.size);
      const array = arrays.get(param);
      if (array?.length !== length) throw wrong(`${what} of ${param}`, `${length} numbers`, array ? `${array.length} numbers` : 'none');
    }
  }
}

const valueCount = (layer: LayerTopology | undefined, size: number): number => layer?.live.length ?? size;

/** What is wrong with a list of live positions, if anything: they must increase strictly and lie below `size`. */
export function liveFault(live: Uint32Array, size: number): { expected: string; received: unknown } | undefined {
  for (let k = 0; k < live.length; k++) {
    if (live[k]! >= size) return { expected: `live positions below ${size}`, received: live[k] };
    if (k > 0 && live[k]! <= live[k - 1]!)
      return { expected: 'strictly increasing live positions', received: `${live[k]} after ${live[k - 1]}` };
  }
  return undefined;
}
