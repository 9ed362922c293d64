/**
 * `freetickets import`: weights that PyTorch trained, as a ticket or as a model for `predict` and `serve`, dense or pruned. What a state dict must
 * look like is said by `fromPyTorch` of sparse-core.
 */
import { basename } from 'node:path';
import { toOnnx } from '@freetickets/onnx-export';
import {
  decodePyTorch,
  distributionFromScores,
  encodeTicket,
  er,
  erk,
  fromPyTorch,
  liveCounts,
  type ModelState,
  magnitudeScores,
  matchNames,
  modelByName,
  type Network,
  network,
  parameterCount,
  pruneByMagnitude,
  type Renames,
  SparseError,
  type Tensor,
  type TicketInfo,
  uniform,
} from '@freetickets/sparse-core';
import { readFileOrExplain, writeFileAtomic } from '@freetickets/sparse-core/node';
import { networkAlone } from '../networks.ts';
import { percent } from '../text.ts';
import { VERSION } from '../version.ts';

export const PRUNING = ['magnitude', 'zeros'] as const;
export const LAYER_SHARES = ['global', 'erk', 'er', 'uniform'] as const;

export interface ImportOptions {
  /** A model by name, or a .json file with a network spec. */
  readonly network: string;
  /** `.safetensors`: a ticket; `.onnx`: a model for `predict` and `serve`. */
  readonly output: string;
  /** Of one picture, where the network is a model by name. Default: the model's own. The number of classes comes from the file. */
  readonly input?: readonly number[];
  readonly rename?: Renames;
  /** `magnitude`: the smallest weights die; `zeros`: those that are 0 in the file. Default: none. */
  readonly prune?: (typeof PRUNING)[number];
  /** Share of weights that is dead; with `magnitude` only. */
  readonly sparsity?: number;
  /** How live weights spread over the layers; with `magnitude` only. Default `global`: all layers compete. */
  readonly distribution?: (typeof LAYER_SHARES)[number];
  /** Class names and normalization, which a state dict does not hold. */
  readonly info?: Pick<TicketInfo, 'classes' | 'normalization'>;
}

export interface ImportResult {
  readonly output: string;
  readonly network: string;
  /** All that is trained; weights that may be sparse; those of them that live. */
  readonly parameters: { readonly total: number; readonly sparsifiable: number; readonly live: number };
  readonly sizeBytes: number;
}

/** @throws SparseError for a file or network that does not fit, and for options that contradict each other */
export async function importWeights(path: string, options: ImportOptions): Promise<ImportResult> {
  checkOptions(options);
  const tensors = decodePyTorch(await readFileOrExplain(path, 'a state dict (safetensors)'), path);
  const net = await networkOf(options, tensors);
  const { output, prune, rename = {}, info = {} } = options;
  const dense = fromPyTorch(net, tensors, path, { rename, zerosAreDead: prune === 'zeros' });
  const state = prune === 'magnitude' ? pruned(net, dense, options) : dense;
  const bytes = output.endsWith('.onnx')
    ? onnx(state, info)
    : encodeTicket(state, { ...info, provenance: { importedFrom: basename(path), freetickets: VERSION } });
  await writeFileAtomic(output, bytes);
  return { output, network: net.spec.name, parameters: parameterCount(net, liveCounts(net, state.topology)), sizeBytes: bytes.length };
}

function checkOptions({ network: name, output, input, prune, sparsity, distribution }: ImportOptions): void {
  const refuse = (option: string, expected: string, received: unknown) => new SparseError('INVALID_CONFIG', option, expected, received);
  if (!/\.(safetensors|onnx)$/.test(output)) throw refuse('--output', 'a file name that ends in .safetensors (a ticket) or .onnx', output);
  if (input !== undefined && name.endsWith('.json')) throw refuse('--input', 'a model by name: a spec says its own input', name);
  if (prune === 'magnitude' && sparsity === undefined)
    throw refuse('--sparsity', 'a number in [0, 1) with --prune magnitude', new Error('nothing'));
  if (prune === 'magnitude') return;
  if (sparsity !== undefined) throw refuse('--sparsity', 'it with --prune magnitude only', sparsity);
  if (distribution !== undefined) throw refuse('--distribution', 'it with --prune magnitude only', distribution);
}

/** A model by name gets as many classes as the file has rows in the layer of that model's output. */
async function networkOf({ network: name, input, rename }: ImportOptions, tensors: ReadonlyMap<string, Tensor>): Promise<Network> {
  const net = await networkAlone(name);
  if (name.endsWith('.json')) return net;
  const classes = matchNames(net, tensors, rename).get(`${net.spec.output}.weight`)?.shape[0];
  return network(modelByName(name, { ...(classes && { classes }), ...(input && { input }) }));
}

function pruned(net: Network, state: ModelState, { sparsity = 0, distribution = 'global' }: ImportOptions): ModelState {
  const shares = { global: () => distributionFromScores(magnitudeScores(state.values)), erk, er, uniform }[distribution]();
  return pruneByMagnitude(state, shares(net, sparsity));
}

const onnx = (state: ModelState, { classes, normalization }: NonNullable<ImportOptions['info']>): Uint8Array =>
  toOnnx([state], { producerVersion: VERSION, ...(classes && { classes }), ...(normalization && { normalization }) });

export function importText({ output, network: name, parameters: { total, sparsifiable, live }, sizeBytes }: ImportResult): string {
  const whole = (count: number) => count.toLocaleString('en');
  const weights = `${whole(live)} of ${whole(sparsifiable)} weights live (sparsity ${percent(1 - live / sparsifiable)})`;
  return `${output}: ${name}, ${whole(total)} parameters, ${weights}, ${(sizeBytes / 1e6).toFixed(2)} MB`;
}
