/**
 * Reads the golden files: what PyTorch computed for one small network, as an engine would be given it.
 * test/golden/README.md says what each tensor is; tooling/golden/make.py writes them.
 */
import { readdirSync, readFileSync } from 'node:fs';
import {
  type Batch,
  decodeSafetensors,
  type LossSpec,
  type ModelState,
  type Network,
  type NetworkSpec,
  network,
  type OptimizerSpec,
  type ParamName,
  type Topology,
  type TopologyDelta,
} from '@freetickets/sparse-core';

const FOLDER = new URL('../golden/', import.meta.url);

/** What the file says of itself, as JSON. */
interface Description {
  readonly about: string;
  readonly torch: string;
  readonly batchSize: number;
  readonly optimizer: OptimizerSpec;
  readonly loss?: LossSpec;
  /** Of the first step and of predictions with dropout; each later step's is one higher. */
  readonly dropoutSeed?: number;
  /** One per step. */
  readonly learningRates: readonly number[];
  readonly spec: NetworkSpec;
  /** Only in a rewiring run. */
  readonly rewirings?: number;
  /** Every how many steps. */
  readonly every?: number;
  /** Share of the live weights that each rewiring drops before it grows. */
  readonly fraction?: number;
}

export interface Golden extends Omit<Description, 'spec'> {
  readonly name: string;
  readonly network: Network;
  /** Before the first step. */
  readonly state: ModelState;
  /** The mini-batch of a step, from 0. */
  batch(step: number): Batch;
  readonly evaluation: { readonly images: Float32Array; readonly size: number };
  /** Names of all tensors in the file. */
  readonly names: readonly string[];
  floats(name: string): Float32Array;
  integers(name: string): Int32Array;
  /** A tensor in the parameter's shape, cut down to the positions that `ModelState.values` holds under `topology`. */
  stored(name: string, param: ParamName, topology: Topology): Float32Array;
  /** Deltas of rewiring 1, 2, ... */
  deltas(rewiring: number): TopologyDelta[];
}

/** Every golden run but the rewiring one, in alphabetical order. */
export const goldenNames: readonly string[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.safetensors') && file !== 'rewire.safetensors')
  .map((file) => file.replace('.safetensors', ''))
  .sort();

/** @param name a file of test/golden, without its ending */
export function readGolden(name: string): Golden {
  const file = decodeSafetensors(readFileSync(new URL(`${name}.safetensors`, FOLDER)), name);
  const { spec, ...description } = JSON.parse(file.metadata.case!) as Description;
  const net = network(spec);
  const tensor = (key: string) => {
    const found = file.tensors.get(key);
    if (!found) throw new Error(`golden file ${name} has no tensor ${key}`);
    return found;
  };
  const floats = (key: string) => tensor(key).data as Float32Array;
  const integers = (key: string) => tensor(key).data as Int32Array;
  const positions = (key: string) => Uint32Array.from(integers(key));
  const sampleSize = spec.input.shape.reduce((a, b) => a * b, 1);
  const images = pixels(tensor('images').data as Uint8Array);
  const labels = integers('labels');
  const size = description.batchSize;
  const ofStep = <A extends Float32Array | Int32Array>(all: A, step: number) =>
    all.slice(step * size * net.heads, (step + 1) * size * net.heads) as A;
  const mixed = (step: number) => ({
    labels: ofStep(integers('mixed_labels'), step),
    shares: floats('shares').slice(step * size, (step + 1) * size),
  });
  const topology: Topology = new Map(
    [...net.params].flatMap(([param, { shape }]) => {
      const mask = file.tensors.get(`mask/${param}`)?.data as Uint8Array | undefined;
      return mask ? [[param, { shape, live: livePositions(mask) }] as const] : [];
    }),
  );
  const stored = (key: string, param: ParamName, layers: Topology) => {
    const dense = floats(key);
    const live = layers.get(param)?.live;
    return live ? Float32Array.from(live, (position) => dense[position]!) : dense.slice();
  };
  const values = new Map([...net.params.keys()].map((param) => [param, stored(`param/${param}`, param, topology)]));
  const evaluation = pixels(tensor('images_eval').data as Uint8Array);
  return {
    ...description,
    name,
    network: net,
    state: { spec, topology, values, step: 0 },
    batch: (step) => ({
      size,
      images: images.slice(step * size * sampleSize, (step + 1) * size * sampleSize),
      labels: ofStep(labels, step),
      ...(file.tensors.has('mixed_labels') && { mixed: mixed(step) }),
    }),
    evaluation: { images: evaluation, size: evaluation.length / sampleSize },
    names: [...file.tensors.keys()],
    floats,
    integers,
    stored,
    deltas: (rewiring) =>
      [...topology.keys()].map((param) => ({
        param,
        dropped: positions(`rewiring${rewiring}/dropped/${param}`),
        grown: positions(`rewiring${rewiring}/grown/${param}`),
      })),
  };
}

/** Bytes u stand for the odd multiples of 1/128 in [-2, 2]: exact in float32, and never 0. */
const pixels = (bytes: Uint8Array): Float32Array => Float32Array.from(bytes, (byte) => (2 * byte - 255) / 128);

const livePositions = (mask: Uint8Array): Uint32Array => Uint32Array.from([...mask.keys()].filter((position) => mask[position] === 1));
