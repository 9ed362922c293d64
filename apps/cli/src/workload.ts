/**
 * What benchmarks time: a training step, or a prediction by one or more members, on random images. Networks are opened and run the way
 * `train` and `evaluate` do it; only data and learning are left out (the learning rate is 0, so that a run does not depend on how many
 * went before it). Used by `freetickets bench` and by the comparison with other frameworks in tooling/bench.
 */

import { nativeEngine, plannedBytes, wasmEngine } from '@freetickets/engine-sparse';
import { openEnsemble } from '@freetickets/ensemble';
import {
  forwardFlops,
  initialState,
  liveCounts,
  type ModelState,
  type Network,
  parameterCount,
  randomTopology,
  rng,
  SparseError,
} from '@freetickets/sparse-core';
import { type Computing, sparseComputing, tellNotes } from './engines.ts';
import type { Experiment } from './experiment-fields.ts';
import { fixedDistribution } from './plans.ts';

export interface WorkloadOptions {
  readonly network: Network;
  /** Share of weights that is dead, in [0, 1). */
  readonly sparsity: number;
  readonly distribution: Experiment['distribution'];
  readonly batchSize: number;
  /** Keys topology, values and images. */
  readonly seed: number;
  readonly computing: Computing;
}

/** Something to run again and again. */
export interface Workload extends AsyncDisposable {
  /** Positions of weights that may be sparse, and those that live, of one member. */
  readonly weights: number;
  readonly nonzeros: number;
  /** Floating-point operations of one run, counted by formula: live weights of convolutions and linear layers, two per multiply-add. */
  readonly flops: number;
  /** Bytes that the engine plans for, over all members. */
  readonly plannedBytes: number;
  run(): Promise<void>;
}

/**
 * An engine as `train` names it, or one instruction set of the native kernels (`native/avx2`), or the kernels in WebAssembly (`wasm`, `wasm/plain`).
 * @throws SparseError INVALID_CONFIG, or KERNELS_UNAVAILABLE for what does not run here
 */
export function computingNamed(engine: string, threads: number | undefined, say: (line: string) => void): Computing {
  const [kind, variant] = engine.split('/', 2);
  if (kind === 'wasm') return { engine: wasmEngine({ variant }) };
  if (engine !== 'auto' && engine !== 'reference' && kind !== 'native')
    throw new SparseError(
      'INVALID_CONFIG',
      '--engine',
      'auto, native, native/<instruction set>, wasm, wasm/<variant> or reference',
      engine,
    );
  const computing = sparseComputing({ engine: kind as 'auto' | 'native' | 'reference', threads });
  tellNotes(say);
  return variant === undefined ? computing : { ...computing, engine: nativeEngine({ variant }) };
}

const OPTIMIZER = { kind: 'sgd', momentum: 0.9, weightDecay: 5e-4 } as const;

/** A sparse network with fresh values. */
export function randomModel({ network, sparsity, distribution, seed }: Omit<WorkloadOptions, 'batchSize' | 'computing'>): ModelState {
  const counts = fixedDistribution({ distribution, erkPower: undefined, classifierDensity: undefined })(network, sparsity);
  return initialState(network, randomTopology(network, counts, seed), seed);
}

/**
 * One training step: forward, loss, backward, update. Counted as three forward passes, as the literature does.
 * @throws SparseError as `engine.open`
 */
export async function openStep(options: WorkloadOptions): Promise<Workload> {
  const { network, batchSize, computing, seed } = options;
  const state = randomModel(options);
  const session = await computing.engine.open(network, state, { batchSize, optimizer: OPTIMIZER, ...threadsOf(computing) });
  const labels = Int32Array.from({ length: batchSize }, (_, n) => n % network.classes);
  const batch = { size: batchSize, images: randomImages(network, batchSize, seed), labels };
  return {
    ...countsOf(options, state),
    flops: 3 * forwardFlops(network, liveCounts(network, state.topology)) * batchSize,
    plannedBytes: plannedBytes(network, state.topology, { batchSize }),
    async run() {
      await session.trainStep(batch, { learningRate: 0 });
    },
    [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
  };
}

/** One prediction of a batch by an ensemble, whose members have topologies of their own and run one after another. */
export async function openInference(options: WorkloadOptions & { readonly members: number }): Promise<Workload> {
  const { network, batchSize, computing, seed, members } = options;
  const states = Array.from({ length: members }, (_, member) => randomModel({ ...options, seed: seed + member }));
  const ensemble = await openEnsemble(states, { engine: computing.engine, batchSize, ...threadsOf(computing) });
  const images = randomImages(network, batchSize, seed);
  const sum = (value: (state: ModelState) => number) => states.reduce((total, state) => total + value(state), 0);
  return {
    ...countsOf(options, states[0]!),
    flops: sum(({ topology }) => forwardFlops(network, liveCounts(network, topology)) * batchSize),
    plannedBytes: sum(({ topology }) => plannedBytes(network, topology, { batchSize, train: false })),
    async run() {
      await ensemble.predict(images, batchSize);
    },
    [Symbol.asyncDispose]: () => ensemble[Symbol.asyncDispose](),
  };
}

const threadsOf = ({ threads }: Computing) => (threads === undefined ? {} : { threads });

function countsOf({ network }: WorkloadOptions, { topology }: ModelState): Pick<Workload, 'weights' | 'nonzeros'> {
  const { sparsifiable, live } = parameterCount(network, liveCounts(network, topology));
  return { weights: sparsifiable, nonzeros: live };
}

/** Uniform in [-1, 1). */
function randomImages(network: Network, batchSize: number, seed: number): Float32Array {
  const stream = rng(seed).stream('images');
  const size = batchSize * network.shapes.get('input')!.reduce((a, b) => a * b, 1);
  return Float32Array.from({ length: size }, () => 2 * stream.uniform() - 1);
}
