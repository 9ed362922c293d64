/**
 * A moment of a run as one safetensors file: tensors `model/<param>` with momentum, `best/<param>` for the phase's best ticket so far, `early/<param>`
 * for the model that later phases go back to, `mean/<param>` for the phase's average with counts of samples `mean/<param>:samples`, and `fired/<param>` bits, `average/<param>` and `last-gradient/<param>` dense arrays while rules wait for them; everything else as JSON texts in the metadata. Files come from strangers, so reading checks every field.
 */
import {
  BLANK_SEAL,
  decodeSafetensors,
  encodeSafetensors,
  isRecord,
  metadataJson,
  metadataNetwork,
  type NetworkSpec,
  network,
  type ParamName,
  packState,
  requireSeal,
  SparseError,
  type Tensor,
  unpackState,
} from '@freetickets/sparse-core';
import { type Fired, firedBytes } from './explored.ts';
import type { DenseArrays } from './gradient-average.ts';
import { JsonFields } from './json-fields.ts';
import type { ModelAverage } from './model-average.ts';
import type { TicketCandidate, TrainState } from './train-state.ts';

const FORMAT = 'freetickets.checkpoint';
const FORMAT_VERSION = '2';
const AVERAGE = 'average/';
const MEAN = 'mean/';
const LAST_GRADIENT = 'last-gradient/';

export interface Checkpoint {
  readonly state: TrainState;
  /** What the writer noted besides. */
  readonly meta: Readonly<Record<string, string>>;
}

/**
 * The same state gives the same bytes.
 * @param meta notes of the writer's own, such as a digest of its configuration
 */
export function encodeCheckpoint(state: TrainState, meta: Readonly<Record<string, string>> = {}): Uint8Array {
  const { model, best, early, mean, rise, faults, fired, average, lastGradient, seed, step, phase, epoch, batch, sums, tickets } = state;
  const tensors = packState(model, 'model/');
  if (best) for (const [name, tensor] of packState(best.state, 'best/')) tensors.set(name, tensor);
  if (early) for (const [name, tensor] of packState(early, 'early/')) tensors.set(name, tensor);
  for (const [name, tensor] of mean ? packState(mean.state, MEAN) : []) tensors.set(name, tensor);
  for (const [param, data] of mean?.counts ?? []) tensors.set(samplesOf(param), { dtype: 'U32', shape: [data.length], data });
  for (const [param, bits] of fired) tensors.set(`fired/${param}`, { dtype: 'U8', shape: [bits.length], data: bits });
  for (const [prefix, arrays] of [
    [AVERAGE, average],
    [LAST_GRADIENT, lastGradient],
  ] as const)
    for (const [param, data] of arrays ?? []) tensors.set(`${prefix}${param}`, { dtype: 'F32', shape: [data.length], data });
  const bestPosition = best && { step: best.state.step, epoch: best.epoch, validAccuracy: best.validAccuracy };
  const modelStep = model.step;
  const models = { best: bestPosition, earlyStep: early?.step, meanStep: mean?.state.step };
  const position = {
    seed,
    step,
    modelStep,
    phase,
    epoch,
    batch,
    sums,
    tickets,
    elapsedSeconds: state.elapsedSeconds,
    ...models,
    rise,
    faults,
  };
  return encodeSafetensors(tensors, {
    seal: BLANK_SEAL,
    format: FORMAT,
    format_version: FORMAT_VERSION,
    spec: JSON.stringify(model.spec),
    position: JSON.stringify(position),
    meta: JSON.stringify(meta),
  });
}

/**
 * @param at the file's name, for messages
 * @throws SparseError BAD_FILE naming the field or tensor that is wrong
 */
export function decodeCheckpoint(bytes: Uint8Array, at: string): Checkpoint {
  const { tensors, metadata } = decodeSafetensors(bytes, at);
  if (metadata.format !== FORMAT)
    throw new SparseError('BAD_FILE', `${at}: metadata.format`, FORMAT, metadata.format, 'The file is not a checkpoint of FreeTickets');
  if (metadata.format_version !== FORMAT_VERSION)
    throw new SparseError(
      'BAD_FILE',
      `${at}: metadata.format_version`,
      FORMAT_VERSION,
      metadata.format_version,
      'Another version of FreeTickets may read it',
    );
  requireSeal(metadata, at);
  const { spec } = metadataNetwork(metadata, at);
  const position = new JsonFields(metadataJson(metadata, 'position', at), `${at}: metadata.position`);
  const sums = position.fields('sums');
  const bestNumbers = position.has('best') ? position.fields('best') : undefined;
  const rise = position.has('rise') ? position.fields('rise') : undefined;
  const faults = position.has('faults') ? position.fields('faults') : undefined;
  const average = readDense(tensors, spec, at, AVERAGE);
  const lastGradient = readDense(tensors, spec, at, LAST_GRADIENT);
  const state: TrainState = {
    seed: position.integer('seed'),
    model: unpackState(tensors, spec, position.count('modelStep'), at, 'model/'),
    step: position.count('step'),
    phase: position.count('phase'),
    epoch: position.count('epoch'),
    batch: position.count('batch'),
    sums: { loss: sums.number('loss'), correct: sums.number('correct'), seen: sums.count('seen') },
    ...(bestNumbers && { best: readBest(tensors, spec, bestNumbers, at) }),
    ...(position.has('earlyStep') && { early: unpackState(tensors, spec, position.count('earlyStep'), at, 'early/') }),
    ...(position.has('meanStep') && { mean: readMean(tensors, spec, position.count('meanStep'), at) }),
    ...(rise && { rise: { best: rise.number('best'), epochsSince: rise.count('epochsSince') } }),
    tickets: position.count('tickets'),
    ...(faults && { faults: { skipped: faults.count('skipped'), rolledBack: faults.count('rolledBack') } }),
    fired: readFired(tensors, spec, at),
    ...(average && { average }),
    ...(lastGradient && { lastGradient }),
    elapsedSeconds: position.number('elapsedSeconds'),
  };
  return { state, meta: readMeta(metadata, at) };
}

function readBest(tensors: ReadonlyMap<string, Tensor>, spec: NetworkSpec, numbers: JsonFields, at: string): TicketCandidate {
  return {
    state: unpackState(tensors, spec, numbers.count('step'), at, 'best/'),
    epoch: numbers.count('epoch'),
    ...(numbers.has('validAccuracy') && { validAccuracy: numbers.number('validAccuracy') }),
  };
}

const samplesOf = (param: ParamName): string => `${MEAN}${param}:samples`;

function readMean(tensors: ReadonlyMap<string, Tensor>, spec: NetworkSpec, step: number, at: string): ModelAverage {
  const state = unpackState(tensors, spec, step, at, MEAN);
  const counts = new Map<ParamName, Uint32Array>();
  for (const [param, { length }] of state.values) {
    const tensor = tensors.get(samplesOf(param));
    if (tensor?.dtype !== 'U32' || tensor.data.length !== length)
      throw new SparseError(
        'BAD_FILE',
        `${at}: tensor ${samplesOf(param)}`,
        `U32 of shape (${length})`,
        tensor ? `${tensor.dtype} of shape (${tensor.shape})` : 'no such tensor',
      );
    counts.set(param, tensor.data);
  }
  return { state, counts };
}

/** One entry per sparse weight of the model, which `unpackState` has checked. */
function readFired(tensors: ReadonlyMap<string, Tensor>, spec: NetworkSpec, at: string): Fired {
  const fired = new Map<ParamName, Uint8Array>();
  for (const [param, { size }] of network(spec).params) {
    if (!tensors.has(`model/${param}:live`)) continue;
    const tensor = tensors.get(`fired/${param}`);
    const length = firedBytes(size);
    if (tensor?.dtype !== 'U8' || tensor.data.length !== length)
      throw new SparseError(
        'BAD_FILE',
        `${at}: tensor fired/${param}`,
        `U8 of shape (${length})`,
        tensor ? `${tensor.dtype} of shape (${tensor.shape})` : 'no such tensor',
      );
    fired.set(param, tensor.data);
  }
  return fired;
}

/** One array over all positions per sparse weight of the model, or none at all. */
function readDense(tensors: ReadonlyMap<string, Tensor>, spec: NetworkSpec, at: string, prefix: string): DenseArrays | undefined {
  if (![...tensors.keys()].some((name) => name.startsWith(prefix))) return undefined;
  const arrays = new Map<ParamName, Float32Array>();
  for (const [param, { size }] of network(spec).params) {
    if (!tensors.has(`model/${param}:live`)) continue;
    const tensor = tensors.get(`${prefix}${param}`);
    if (tensor?.dtype !== 'F32' || tensor.data.length !== size)
      throw new SparseError(
        'BAD_FILE',
        `${at}: tensor ${prefix}${param}`,
        `F32 of shape (${size})`,
        tensor ? `${tensor.dtype} of shape (${tensor.shape})` : 'no such tensor',
      );
    arrays.set(param, tensor.data);
  }
  return arrays;
}

function readMeta(metadata: Readonly<Record<string, string>>, at: string): Readonly<Record<string, string>> {
  const meta = metadataJson(metadata, 'meta', at);
  if (!isRecord(meta) || Object.values(meta).some((text) => typeof text !== 'string'))
    throw new SparseError('BAD_FILE', `${at}: metadata.meta`, 'an object of texts', meta);
  return meta as Record<string, string>;
}
