/**
 * A state as named tensors for a checkpoint: bit for bit what it was, at the price of its live weights. Unlike a ticket it keeps momentum and
 * is not meant for other programs. Spec and step travel beside it, as the owner of the checkpoint likes.
 */
import { checkState, liveFault } from './check-state.ts';
import { SparseError } from './errors.ts';
import { network, type ParamInfo } from './network.ts';
import type { Tensor } from './safetensors.ts';
import type { NetworkSpec, ParamName } from './spec.ts';
import type { ModelState } from './state.ts';
import type { LayerTopology } from './topology.ts';

const MOMENTS = [
  ['momentum', 'momentum'],
  ['secondMoments', 'second'],
] as const;

const DENSE = ':dense-momentum';

/**
 * Per parameter `<prefix><param>` F32 (live values of a sparse weight, else all in the parameter's shape), `<prefix><param>:live` U32 positions of a
 * sparse weight, and `<prefix><param>:momentum` and `:second` F32 if there are moments, and `<prefix><param>:dense-momentum` F32 in the parameter's shape if dead weights have momentum. The tensors share the state's arrays.
 * @throws SparseError SHAPE_MISMATCH when the state does not fit its own spec
 */
export function packState(state: ModelState, prefix = ''): Map<string, Tensor> {
  const net = network(state.spec);
  checkState(net, state);
  const tensors = new Map<string, Tensor>();
  for (const [param, info] of net.params) {
    const live = state.topology.get(param)?.live;
    const shape = live ? [live.length] : info.shape;
    tensors.set(`${prefix}${param}`, { dtype: 'F32', shape, data: state.values.get(param)! });
    if (live) tensors.set(`${prefix}${param}:live`, { dtype: 'U32', shape, data: live });
    for (const [field, suffix] of MOMENTS) {
      const moment = state[field]?.get(param);
      if (moment) tensors.set(`${prefix}${param}:${suffix}`, { dtype: 'F32', shape, data: moment });
    }
    const dense = state.denseMomentum?.get(param);
    if (dense) tensors.set(`${prefix}${param}${DENSE}`, { dtype: 'F32', shape: info.shape, data: dense });
  }
  return tensors;
}

/**
 * The state that `packState` wrote under `prefix`; tensors of other names are ignored. The state shares the tensors' arrays.
 * @param at the file's name, for messages
 * @throws SparseError BAD_FILE naming the tensor that is missing or wrong
 */
export function unpackState(tensors: ReadonlyMap<string, Tensor>, spec: NetworkSpec, step: number, at: string, prefix = ''): ModelState {
  const net = network(spec);
  if (!Number.isSafeInteger(step) || step < 0) throw new SparseError('BAD_FILE', `${at}: step`, 'a whole number of at least 0', step);
  const topology = new Map<ParamName, LayerTopology>();
  const values = new Map<ParamName, Float32Array>();
  const moments = MOMENTS.filter(([, suffix]) => [...net.params.keys()].some((param) => tensors.has(`${prefix}${param}:${suffix}`))).map(
    ([field, suffix]) => ({ field, suffix, arrays: new Map<ParamName, Float32Array>() }),
  );
  const denseMomentum = new Map<ParamName, Float32Array>();
  for (const [param, info] of net.params) {
    const name = `${prefix}${param}`;
    const live = readLive(tensors, `${name}:live`, info, at);
    if (live) topology.set(param, { shape: info.shape, live });
    const shape = live ? [live.length] : info.shape;
    values.set(param, readFloats(tensors, name, shape, at));
    if (live && tensors.has(`${name}${DENSE}`)) denseMomentum.set(param, readFloats(tensors, `${name}${DENSE}`, info.shape, at));
    if (info.trainable) for (const { suffix, arrays } of moments) arrays.set(param, readFloats(tensors, `${name}:${suffix}`, shape, at));
  }
  const dense = denseMomentum.size > 0 && { denseMomentum };
  return { spec: net.spec, topology, values, step, ...dense, ...Object.fromEntries(moments.map(({ field, arrays }) => [field, arrays])) };
}

function readLive(tensors: ReadonlyMap<string, Tensor>, name: string, info: ParamInfo, at: string): Uint32Array | undefined {
  const tensor = tensors.get(name);
  if (!tensor) return undefined;
  if (!info.sparsifiable)
    throw new SparseError('BAD_FILE', `${at}: tensor ${name}`, 'none, for the parameter is always dense', describe(tensor));
  if (tensor.dtype !== 'U32' || tensor.shape.length !== 1)
    throw new SparseError('BAD_FILE', `${at}: tensor ${name}`, 'a list of U32', describe(tensor));
  const fault = liveFault(tensor.data, info.size);
  if (fault) throw new SparseError('BAD_FILE', `${at}: tensor ${name}`, fault.expected, fault.received);
  return tensor.data;
}

function readFloats(tensors: ReadonlyMap<string, Tensor>, name: string, shape: readonly number[], at: string): Float32Array {
  const tensor = tensors.get(name);
  if (tensor?.dtype !== 'F32' || String(tensor.shape) !== String(shape))
    throw new SparseError('BAD_FILE', `${at}: tensor ${name}`, `F32 of shape (${shape})`, tensor ? describe(tensor) : 'no such tensor');
  return tensor.data;
}

const describe = (tensor: Tensor): string => `${tensor.dtype} of shape (${tensor.shape})`;
