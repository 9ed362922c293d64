/**
 * The border between what is trained and how it is computed. Libraries take an `Engine` as an argument and import none;
 * an engine's inner layout is its secret: outside it, images are (N, C, H, W) and weights (O, I, kh, kw) or (O, I), row-major.
 */
import type { Network } from './network.ts';
import type { ParamName } from './spec.ts';
import type { ModelState } from './state.ts';
import type { TopologyDelta } from './topology.ts';

/** A dense read-out over live and dead positions alike. */
export type Signal = 'gradient';

/** `images` (size, C, H, W), `labels` (size): class indices. */
export interface Batch {
  readonly size: number;
  readonly images: Float32Array;
  readonly labels: Int32Array;
}

/** What a pass over the data may ask for. */
export interface PassOptions {
  readonly batchSize: number;
  /** Keys the order of samples and every augmentation; absent: file order, no augmentation. */
  readonly shuffle?: { readonly seed: number; readonly epoch: number };
  /** First batch to give, for a resumed pass. Default 0. */
  readonly from?: number;
}

/** A labelled data set that can be passed over in batches; the last batch may be smaller. */
export interface Source {
  readonly size: number;
  /** Class names in label order. */
  readonly classes: readonly string[];
  /** Per sample: (C, H, W) or (features). */
  readonly shape: readonly number[];
  batches(options: PassOptions): Iterable<Batch> | AsyncIterable<Batch>;
}

/** `buffer = momentum * buffer + gradient + weightDecay * weight; weight -= learningRate * buffer`, for every trainable parameter. */
export interface OptimizerSpec {
  readonly kind: 'sgd';
  readonly momentum: number;
  readonly weightDecay: number;
}

export interface OpenOptions {
  /** Largest batch that will be given; smaller ones are fine. */
  readonly batchSize: number;
  /** Absent: the session can only predict. */
  readonly optimizer?: OptimizerSpec;
  /** Signals that `trainStep` may be asked to keep. */
  readonly signals?: readonly Signal[];
  /** Default: the number of processors this process may use. */
  readonly threads?: number;
}

export interface Engine {
  /** For people and logs: `native/avx512`, `reference`. */
  readonly name: string;
  /** Asked before a run starts, so an impossible plan fails at once. */
  readonly signals: ReadonlySet<Signal>;
  /** @throws SparseError SHAPE_MISMATCH when `state` does not belong to `network` */
  open(network: Network, state: ModelState, options: OpenOptions): Promise<Session>;
}

export interface StepOptions {
  readonly learningRate: number;
  /** Signals to compute in this step; they cost a dense gradient. */
  readonly keep?: readonly Signal[];
  /** Default true; false leaves every value as it was (gradients are still computed). */
  readonly update?: boolean;
}

/** `loss`: mean cross-entropy in nats; `correct`: how many samples of the batch had the right class on top. */
export interface StepResult {
  readonly loss: number;
  readonly correct: number;
}

export interface Session extends AsyncDisposable {
  trainStep(batch: Batch, options: StepOptions): Promise<StepResult>;
  /** Gradient of the last step at the positions that `ModelState.values` holds: live ones of a sparse weight, all of any other. */
  gradient(param: ParamName): Promise<Float32Array>;
  /** What the last step was told to keep, over all positions, in the parameter's shape. */
  signal(param: ParamName, which: Signal): Promise<Float32Array>;
  /** Changes which weights live. Grown weights and their momentum start at 0. */
  rewire(deltas: readonly TopologyDelta[]): Promise<void>;
  /** Logits (size, classes), with running statistics. `size` may exceed the session's batch size. */
  predict(images: Float32Array, size: number): Promise<Float32Array>;
  /** A copy of everything that a later `open` needs to continue bit for bit. */
  snapshot(): Promise<ModelState>;
}

/** What an ensemble says about a batch; probabilities are row-major. */
export interface Prediction {
  readonly size: number;
  readonly classes: number;
  readonly members: number;
  /** (size, classes) */
  readonly probs: Float32Array;
  /** (members, size, classes) */
  readonly memberProbs: Float32Array;
}
