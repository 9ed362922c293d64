/**
 * The tickets in a file that `toOnnx` wrote, for engines that compute with live weights only. Their networks stand in the metadata, their
 * numbers are the constants of the graph, so one file serves both kinds of engine and nothing is in it twice.
 */
import {
  checkState,
  decodeHalf,
  type ModelState,
  type Network,
  network,
  type ParamInfo,
  type ParamName,
  SparseError,
} from '@freetickets/sparse-core';
import { type Constant, decodeOnnx } from './decode-onnx.ts';
import { describeModel } from './describe-onnx.ts';
import { prefixOf, SIDE_BY_SIDE } from './metadata.ts';
import { dataTypes } from './proto.ts';

/**
 * Batch norms stay folded, a live weight of zero counts as dead, and from a file in half precision come the rounded numbers; otherwise these
 * are the tickets that were exported. What a program has changed in the graph since is not seen.
 *
 * @param at its path, for messages
 * @throws SparseError BAD_FILE when the bytes are no such file, or lack a constant
 */
export function fromOnnx(bytes: Uint8Array, at: string): ModelState[] {
  const model = decodeOnnx(bytes, at);
  const { freetickets } = describeModel(model, at);
  if (!freetickets)
    throw new SparseError('BAD_FILE', at, 'a model exported by FreeTickets', new Error(`one of ${model.producerName || 'no name'}`));
  const constants = new Map(model.graph!.initializer.map((constant) => [constant.name, constant]));
  const { specs, layout, steps } = freetickets;
  let member = 0;
  return specs.map((raw, t) => {
    const net = readSpec(raw, `${at}: freetickets.specs[${t}]`);
    const place = layout === 'grouped' ? { prefix: SIDE_BY_SIDE, index: t, of: specs.length } : { prefix: prefixOf(t), index: 0, of: 1 };
    const state = stateOf(net, constants, place, steps[member] ?? 0, at);
    member += net.heads;
    checkState(net, state, at);
    return state;
  });
}

/** Where a ticket's numbers stand: in the constants of a prefix, of which they are one part `of` several. */
interface Place {
  readonly prefix: string;
  readonly index: number;
  readonly of: number;
}

function readSpec(raw: unknown, at: string): Network {
  try {
    return network(raw);
  } catch (error) {
    throw new SparseError('BAD_FILE', at, 'a network spec', new Error((error as Error).message), '', { cause: error });
  }
}

function stateOf(net: Network, constants: ReadonlyMap<string, Constant>, place: Place, step: number, at: string): ModelState {
  const topology = new Map<ParamName, { shape: readonly number[]; live: Uint32Array }>();
  const values = new Map<ParamName, Float32Array>();
  for (const [param, info] of net.params) {
    const dense = numbersOf(constants.get(place.prefix + param), place, info, `${at}: constant ${place.prefix}${param}`);
    const live = info.sparsifiable ? livePositions(dense) : undefined;
    if (live && live.length < dense.length) topology.set(param, { shape: info.shape, live });
    values.set(param, live && live.length < dense.length ? taken(dense, live) : dense);
  }
  return { spec: net.spec, topology, values, step };
}

function numbersOf(constant: Constant | undefined, { index, of }: Place, { size }: ParamInfo, at: string): Float32Array {
  const half = constant?.dataType === dataTypes.FLOAT16;
  const sizeBytes = size * (half ? 2 : 4);
  if (!constant || !(half || constant.dataType === dataTypes.FLOAT) || constant.rawData.length !== of * sizeBytes) {
    const received = constant ? `${constant.rawData.length} bytes of type ${constant.dataType}` : 'no such constant';
    throw new SparseError('BAD_FILE', at, `${of * size} numbers in float32 or float16`, new Error(received));
  }
  // Copied: in the file they may stand at an odd place.
  const own = new Uint8Array(constant.rawData.subarray(index * sizeBytes, (index + 1) * sizeBytes)).buffer;
  return half ? decodeHalf(new Uint16Array(own)) : new Float32Array(own);
}

/** The values at `positions`. (`Float32Array.from` with a function is several times slower, which large networks feel.) */
function taken(dense: Float32Array, positions: Uint32Array): Float32Array {
  const values = new Float32Array(positions.length);
  for (let k = 0; k < values.length; k++) values[k] = dense[positions[k]!]!;
  return values;
}

function livePositions(dense: Float32Array): Uint32Array {
  const live = new Uint32Array(dense.length);
  let count = 0;
  for (let position = 0; position < dense.length; position++) if (dense[position] !== 0) live[count++] = position;
  return live.slice(0, count);
}
