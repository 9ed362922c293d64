/** Parameters as ONNX wants them: full size, row-major, whatever lives. The states have passed `checkState`. */
import type { ModelState, Network, ParamName } from '@freetickets/sparse-core';

/** All values of a parameter in each state, one state after the other; dead ones zero. Undefined where the network has no such parameter. */
export function stackedValues(net: Network, states: readonly ModelState[], param: ParamName): Float32Array | undefined {
  const size = net.params.get(param)?.size;
  if (size === undefined) return undefined;
  const stacked = new Float32Array(states.length * size);
  states.forEach((state, m) => {
    const values = state.values.get(param)!;
    const live = state.topology.get(param)?.live;
    if (!live) stacked.set(values, m * size);
    else for (let k = 0; k < live.length; k++) stacked[m * size + live[k]!] = values[k]!;
  });
  return stacked;
}

/** Share of dead weights among those that may be sparse, in [0, 1]; 0 for a network without such weights. */
export function measuredSparsity(net: Network, state: ModelState): number {
  let [size, live] = [0, 0];
  for (const [param, info] of net.params) {
    if (!info.sparsifiable) continue;
    size += info.size;
    live += state.topology.get(param)?.live.length ?? info.size;
  }
  return size === 0 ? 0 : 1 - live / size;
}
