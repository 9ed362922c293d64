/**
 * Weights that PyTorch trained, as a state of ours. A spec names its nodes as PyTorch names modules, so a state dict saved by safetensors fits
 * name by name; what does not fit is listed in one error. The other direction is `encodePyTorch`.
 */
import { SparseError } from './errors.ts';
import type { Network } from './network.ts';
import { floatsOf } from './pytorch-floats.ts';
import { decodeSafetensors, type Tensor } from './safetensors.ts';
import type { ParamName } from './spec.ts';
import type { ModelState } from './state.ts';
import type { LayerTopology } from './topology.ts';

/** Module paths of the file -> paths of the spec: `{ linear: 'fc' }` takes `linear.weight` for `fc.weight`. */
export type Renames = Readonly<Record<string, string>>;

export interface PyTorchOptions {
  readonly rename?: Renames;
  /** A weight with zeros in it becomes sparse and its zeros, of either sign, dead: for networks that were pruned in PyTorch. Default false. */
  readonly zerosAreDead?: boolean;
}

/**
 * The tensors of a state dict in a safetensors file.
 * @param at the file's name, for messages
 * @throws SparseError BAD_FILE; a pickled checkpoint (.pt, .pth) is refused with the way to convert it
 */
export function decodePyTorch(bytes: Uint8Array, at: string): ReadonlyMap<string, Tensor> {
  const start = Array.from(bytes.subarray(0, 9));
  const isZip = start[0] === 0x50 && start[1] === 0x4b;
  const isPickle = start[0] === 0x80 && start[1]! <= 5;
  if ((isZip || isPickle) && start[8] !== 0x7b) {
    const hint = 'Convert it in Python: safetensors.torch.save_file(model.state_dict(), "weights.safetensors")';
    throw new SparseError('BAD_FILE', at, 'a safetensors file', new Error('a pickled PyTorch checkpoint'), hint);
  }
  return decodeSafetensors(bytes, at).tensors;
}

/**
 * A state of `net`, at step 0, with the values of a state dict. Counters of batches (`num_batches_tracked`) are left out, as is a prefix that
 * wrappers such as DataParallel put before every name. Half, bfloat16 and double become float32.
 * @param at the file's name, for messages
 * @throws SparseError BAD_FILE naming all parameters that are missing, unexpected or of another shape, or the first that is not finite
 */
export function fromPyTorch(net: Network, tensors: ReadonlyMap<string, Tensor>, at: string, options: PyTorchOptions = {}): ModelState {
  const named = matchNames(net, tensors, options.rename);
  checkFit(net, named, at);
  const topology = new Map<ParamName, LayerTopology>();
  const values = new Map<ParamName, Float32Array>();
  for (const [param, info] of net.params) {
    const dense = readFinite(named.get(param)!, param, at);
    values.set(param, dense);
    if (!options.zerosAreDead || !info.sparsifiable) continue;
    const live = nonzeroPositions(dense);
    if (live.length === info.size) continue;
    topology.set(param, { shape: info.shape, live });
    values.set(
      param,
      dense.filter((value) => value !== 0),
    );
  }
  return { spec: net.spec, topology, values, step: 0 };
}

const WRAPPERS = ['module.', '_orig_mod.', 'model.'];

/**
 * The tensors under the names that `net` would give them: without a wrapper's prefix, renamed, without counters of batches.
 * @throws SparseError INVALID_ARGUMENT when renaming gives two tensors one name
 */
export function matchNames(net: Network, tensors: ReadonlyMap<string, Tensor>, rename: Renames = {}): ReadonlyMap<string, Tensor> {
  const params = [...net.params.keys()];
  let named = [...tensors].filter(([name]) => !/(^|\.)num_batches_tracked$/.test(name));
  const wrapper = () =>
    WRAPPERS.find(
      (prefix) =>
        startAll(
          prefix,
          named.map(([name]) => name),
        ) && !startAll(prefix, params),
    );
  for (let prefix = wrapper(); prefix !== undefined; prefix = wrapper())
    named = named.map(([name, tensor]) => [name.slice(prefix!.length), tensor]);
  const matched = new Map<string, Tensor>();
  for (const [name, tensor] of named) {
    const own = renamed(name, rename);
    if (matched.has(own)) throw new SparseError('INVALID_ARGUMENT', 'rename', 'another name for each module', `${own} twice`);
    matched.set(own, tensor);
  }
  return matched;
}

const startAll = (prefix: string, names: readonly string[]): boolean => names.length > 0 && names.every((name) => name.startsWith(prefix));

function renamed(name: string, rename: Renames): string {
  const found = Object.keys(rename).find((path) => name.startsWith(`${path}.`));
  return found === undefined ? name : rename[found] + name.slice(found.length);
}

function checkFit(net: Network, named: ReadonlyMap<string, Tensor>, at: string): void {
  const missing = [...net.params.keys()].filter((param) => !named.has(param));
  const unexpected = [...named.keys()].filter((name) => !net.params.has(name as ParamName));
  const shapes = [...net.params].filter(([param, { shape }]) => named.has(param) && String(named.get(param)!.shape) !== String(shape));
  const misshapen = shapes.map(([param, { shape }]) => `${param} (${named.get(param)!.shape}) instead of (${shape})`);
  const faults = [listed('without', missing), listed('with', unexpected), listed('with the shapes', misshapen)].filter(
    (text) => text !== '',
  );
  if (faults.length === 0) return;
  const hint = missing.length > 0 ? likelyRename(net, named, missing, unexpected) : 'Was it made for other classes or pictures?';
  throw new SparseError(
    'BAD_FILE',
    at,
    `the ${net.params.size} parameters of ${net.spec.name}`,
    new Error(`a file ${faults.join('; ')}`),
    hint,
  );
}

const MOST_LISTED = 8;

function listed(word: string, names: readonly string[]): string {
  if (names.length === 0) return '';
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : '';
  return `${word} ${names.slice(0, MOST_LISTED).join(', ')}${more}`;
}

/** A missing weight for which exactly one unexpected tensor has the shape: probably the same layer under another name. */
function likelyRename(
  net: Network,
  named: ReadonlyMap<string, Tensor>,
  missing: readonly ParamName[],
  unexpected: readonly string[],
): string {
  for (const param of missing.filter((name) => name.endsWith('.weight'))) {
    const { node, shape } = net.params.get(param)!;
    const alike = unexpected.filter((name) => name.endsWith('.weight') && String(named.get(name)!.shape) === String(shape));
    if (alike.length === 1) return `Perhaps ${node} is called ${alike[0]!.replace(/\.weight$/, '')} there; then rename it`;
  }
  return '';
}

function readFinite(tensor: Tensor, param: ParamName, at: string): Float32Array {
  const values = floatsOf(tensor);
  if (!values) throw new SparseError('BAD_FILE', `${at}: tensor ${param}`, 'F32, F64, F16 or BF16', tensor.dtype);
  const wrong = values.find((value) => !Number.isFinite(value));
  if (wrong !== undefined) throw new SparseError('BAD_FILE', `${at}: tensor ${param}`, 'numbers that float32 can hold', wrong);
  return values;
}

function nonzeroPositions(dense: Float32Array): Uint32Array {
  const live = new Uint32Array(dense.reduce((count, value) => count + (value === 0 ? 0 : 1), 0));
  let k = 0;
  dense.forEach((value, position) => {
    if (value !== 0) live[k++] = position;
  });
  return live;
}
