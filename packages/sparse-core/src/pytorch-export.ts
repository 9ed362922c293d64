/** A state as a file that PyTorch loads with `strict=True` into the network that the spec describes. The other direction is `fromPyTorch`. */
import { checkState } from './check-state.ts';
import { network } from './network.ts';
import { encodeSafetensors, type Tensor } from './safetensors.ts';
import type { ModelState } from './state.ts';
import type { LayerTopology } from './topology.ts';

/**
 * A safetensors file with the tensors and names of PyTorch's state dict: every parameter dense in float32, dead weights 0, and the steps taken as
 * `num_batches_tracked` of every batch normalization. Which weights live is not in it (a live weight may be 0 too); a ticket file keeps that.
 * @throws SparseError SHAPE_MISMATCH when the state does not fit its own spec
 * @example model.load_state_dict(safetensors.torch.load_file("weights.safetensors"), strict=True) // in Python
 */
export function encodePyTorch(state: ModelState): Uint8Array {
  const net = network(state.spec);
  checkState(net, state);
  const tensors = new Map<string, Tensor>();
  for (const [param, { node, kind, shape, size }] of net.params) {
    tensors.set(param, { dtype: 'F32', shape, data: densified(state.values.get(param)!, state.topology.get(param), size) });
    if (kind === 'runningVariance')
      tensors.set(`${node}.num_batches_tracked`, { dtype: 'I64', shape: [], data: BigInt64Array.of(BigInt(state.step)) });
  }
  return encodeSafetensors(tensors, { format: 'pt' }); // the mark that PyTorch's own writer leaves
}

function densified(values: Float32Array, layer: LayerTopology | undefined, size: number): Float32Array {
  if (!layer) return values;
  const dense = new Float32Array(size);
  layer.live.forEach((position, k) => {
    dense[position] = values[k]!;
  });
  return dense;
}
