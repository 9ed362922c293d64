/**
 * A ticket as one safetensors file that PyTorch loads as it is: every parameter dense, float32, under its PyTorch name and in its layout.
 * The topology needs no tensor of its own: in a sparse weight +0 is dead and -0 is alive with the value 0, which every other reader
 * takes for the same number. The metadata holds the spec and which weights are sparse. No momentum: a ticket is for predicting.
 */
import { checkState } from './check-state.ts';
import { SparseError } from './errors.ts';
import { metadataJson, metadataNetwork } from './metadata-json.ts';
import { type Network, network, type ParamInfo } from './network.ts';
import { decodeSafetensors, encodeSafetensors, type Tensor } from './safetensors.ts';
import { BLANK_SEAL, requireSeal } from './seal.ts';
import type { ParamName } from './spec.ts';
import type { ModelState } from './state.ts';
import { infoFault, type TicketInfo } from './ticket-info.ts';
import type { LayerTopology } from './topology.ts';

const FORMAT = 'freetickets.ticket';
/** Version 1 had no seal, and is read. */
const FORMAT_VERSION = '2';

export interface Ticket {
  readonly state: ModelState;
  readonly info: TicketInfo;
}

/**
 * The bytes of a ticket file; equal states give equal bytes. Momentum is left out.
 * @throws SparseError SHAPE_MISMATCH when the state does not fit its own spec, INVALID_ARGUMENT for a fault in `info`
 */
export function encodeTicket(state: ModelState, info: TicketInfo = {}): Uint8Array {
  const net = network(state.spec);
  checkState(net, state);
  const fault = infoFault(info, net);
  if (fault) throw new SparseError('INVALID_ARGUMENT', `ticket info: ${fault.field}`, fault.expected, fault.received);
  const tensors = new Map<string, Tensor>();
  for (const [param, { shape, size }] of net.params)
    tensors.set(param, { dtype: 'F32', shape, data: scatter(state.values.get(param)!, state.topology.get(param), size) });
  return encodeSafetensors(tensors, {
    seal: BLANK_SEAL,
    format: FORMAT,
    format_version: FORMAT_VERSION,
    spec: JSON.stringify(state.spec),
    step: String(state.step),
    sparse: JSON.stringify([...net.params.keys()].filter((param) => state.topology.has(param))),
    info: JSON.stringify(info),
  });
}

function scatter(values: Float32Array, layer: LayerTopology | undefined, size: number): Float32Array {
  if (!layer) return values;
  const dense = new Float32Array(size);
  layer.live.forEach((position, k) => {
    const value = values[k]!;
    dense[position] = value === 0 ? -0 : value;
  });
  return dense;
}

/**
 * Reads a ticket file; a live -0 comes back as 0.
 * @param at the file's name, for messages
 * @throws SparseError BAD_FILE naming the metadata field or the tensor that is wrong
 */
export function decodeTicket(bytes: Uint8Array, at: string): Ticket {
  const { tensors, metadata } = decodeSafetensors(bytes, at);
  const bad = (where: string, expected: string, received: unknown, hint?: string) =>
    new SparseError('BAD_FILE', `${at}: ${where}`, expected, received, hint);
  if (metadata.format !== FORMAT) throw bad('metadata.format', FORMAT, metadata.format, 'The file is not a ticket of FreeTickets');
  if (metadata.format_version === FORMAT_VERSION) requireSeal(metadata, at);
  else if (metadata.format_version !== '1')
    throw bad('metadata.format_version', FORMAT_VERSION, metadata.format_version, 'A newer FreeTickets may read it');
  const net = metadataNetwork(metadata, at);
  if (!/^\d{1,15}$/.test(metadata.step ?? '')) throw bad('metadata.step', 'a whole number', metadata.step);
  const sparse = readSparse(metadata, net, at);
  const info = metadataJson(metadata, 'info', at);
  const fault = infoFault(info, net);
  if (fault) throw bad(`metadata.info: ${fault.field}`, fault.expected, fault.received);
  for (const name of tensors.keys())
    if (!net.params.has(name as ParamName)) throw bad(`tensor ${name}`, `a parameter of ${net.spec.name}`, name);

  const topology = new Map<ParamName, LayerTopology>();
  const values = new Map<ParamName, Float32Array>();
  for (const [param, paramInfo] of net.params) {
    const dense = readParam(tensors, param, paramInfo, at);
    if (!sparse.has(param)) {
      values.set(param, dense);
      continue;
    }
    const live = livePositions(dense);
    topology.set(param, { shape: paramInfo.shape, live });
    values.set(
      param,
      Float32Array.from(live, (position) => dense[position]! + 0),
    ); // -0 + 0 is +0
  }
  return { state: { spec: net.spec, topology, values, step: Number(metadata.step) }, info: info as TicketInfo };
}

function readSparse(metadata: Readonly<Record<string, string>>, net: Network, at: string): ReadonlySet<ParamName> {
  const names = metadataJson(metadata, 'sparse', at);
  if (!Array.isArray(names)) throw new SparseError('BAD_FILE', `${at}: metadata.sparse`, 'a list of weights', names);
  for (const name of names)
    if (!net.params.get(name)?.sparsifiable)
      throw new SparseError('BAD_FILE', `${at}: metadata.sparse`, `weights of ${net.spec.name} that may be sparse`, name);
  return new Set(names as ParamName[]);
}

function readParam(tensors: ReadonlyMap<string, Tensor>, param: ParamName, { shape }: ParamInfo, at: string): Float32Array {
  const tensor = tensors.get(param);
  const expected = `F32 of shape (${shape})`;
  if (tensor?.dtype !== 'F32' || String(tensor.shape) !== String(shape))
    throw new SparseError(
      'BAD_FILE',
      `${at}: tensor ${param}`,
      expected,
      tensor ? `${tensor.dtype} of shape (${tensor.shape})` : 'no such tensor',
    );
  return tensor.data;
}

/** Every position but those of +0, the only float32 whose bits are all zero. */
function livePositions(dense: Float32Array): Uint32Array {
  const bits = new Uint32Array(dense.buffer, dense.byteOffset, dense.length);
  let count = 0;
  for (const word of bits) if (word !== 0) count++;
  const live = new Uint32Array(count);
  let k = 0;
  for (let position = 0; position < bits.length; position++) if (bits[position] !== 0) live[k++] = position;
  return live;
}
