/** Parameters of a member as ONNX wants them: full size, row-major, whatever lives. The state has passed `checkState`. */
import type { ModelState, Network, NodeSpec, ParamName } from '@freetickets/sparse-core';
import type { Affine, BatchNorm } from './fold.ts';

/** All values of a parameter, dead ones zero. */
function denseValues(net: Network, state: ModelState, param: ParamName): Float32Array {
  const values = state.values.get(param)!;
  const live = state.topology.get(param)?.live;
  if (!live) return values;
  const dense = new Float32Array(net.params.get(param)!.size);
  for (let k = 0; k < live.length; k++) dense[live[k]!] = values[k]!;
  return dense;
}

export function affineOf(net: Network, state: ModelState, { id }: NodeSpec): Affine {
  const bias: ParamName = `${id}.bias`;
  return {
    shape: net.params.get(`${id}.weight`)!.shape,
    weight: denseValues(net, state, `${id}.weight`),
    bias: net.params.has(bias) ? denseValues(net, state, bias) : undefined,
  };
}

export function batchNormOf(net: Network, state: ModelState, { id, eps = 1e-5 }: NodeSpec & { op: 'batchNorm' }): BatchNorm {
  const [scale, shift] = [denseValues(net, state, `${id}.weight`), denseValues(net, state, `${id}.bias`)];
  return { scale, shift, mean: denseValues(net, state, `${id}.running_mean`), variance: denseValues(net, state, `${id}.running_var`), eps };
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
