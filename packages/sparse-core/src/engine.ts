/**
 * The border between what is trained and how it is computed. Libraries take an `Engine` as an argument and import none;
 * an engine's inner layout is its secret: outside it, images are (N, C, H, W) and weights (O, I, kh, kw) or (O, I), row-major.
 */
import type { Network, ParamKind } from './network.ts';
import type { ParamName } from './spec.ts';
import type { ModelState } from './state.ts';
import type { TopologyDelta } from './topology.ts';

/** A dense read-out over live and dead positions alike. */
export type Signal = 'gradient';

/** `images` (size, C, H, W), `labels` (size): class indices; for a network of several heads (size, heads). */
export interface Batch {
  readonly size: number;
  readonly images: Float32Array;
  readonly labels: Int32Array;
  readonly mixed?: MixedLabels;
}

/** What mixup adds: a second label wherever `labels` has one, and per sample the share in [0, 1] that it has of the loss. */
export interface MixedLabels {
  readonly labels: Int32Array;
  readonly shares: Float32Array;
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

export type OptimizerSpec = SgdSpec | AdamWSpec;

/** `buffer = momentum * buffer + gradient + weightDecay * weight; weight -= learningRate * buffer`, for every trainable parameter. */
export interface SgdSpec extends UpdateSpec {
  readonly kind: 'sgd';
  readonly momentum: number;
  /** Steps by `gradient + weightDecay * weight + momentum * buffer` instead of `buffer`. */
  readonly nesterov?: boolean;
}

/**
 * Momentum is the first moment. `weight -= learningRate * weightDecay * weight`, then
 * `weight -= learningRate * (first / (1 - beta1 ** t)) / (sqrt(second / (1 - beta2 ** t)) + eps)` with t the steps taken, this one included.
 * @source arXiv:1711.05101, as PyTorch computes it
 */
export interface AdamWSpec extends UpdateSpec {
  readonly kind: 'adamw';
  /** Default 0.9. */
  readonly beta1?: number;
  /** Default 0.999. */
  readonly beta2?: number;
  /** Default 1e-8. */
  readonly eps?: number;
}

/** The share of a parameter's average gradient that stays from one step to the next. */
export const momentumOf = (optimizer: OptimizerSpec): number => (optimizer.kind === 'sgd' ? optimizer.momentum : (optimizer.beta1 ?? 0.9));

/** How an optimizer treats the parameters of a kind. */
export interface Treatment {
  /** Factor of the learning rate. */
  readonly rate: number;
  readonly decay: number;
}

export const treatmentOf = (optimizer: OptimizerSpec, kind: ParamKind): Treatment => ({
  rate: optimizer.rates?.[kind] ?? 1,
  decay: (optimizer.decays ?? [kind]).includes(kind) ? optimizer.weightDecay : 0,
});

interface UpdateSpec {
  readonly weightDecay: number;
  /** Kinds of parameters that decay. Default: all that are trained. */
  readonly decays?: readonly ParamKind[];
  /** Factors of the learning rate by kind of parameter. Default 1. */
  readonly rates?: Readonly<Partial<Record<ParamKind, number>>>;
  /** Largest 2-norm of all gradients together, live positions only; longer ones are scaled down to it. Default: none. */
  readonly clipNorm?: number;
}

export interface LossSpec {
  /** Share in [0, 1) of each target that is spread evenly over all classes, its own included. Default 0. */
  readonly labelSmoothing?: number;
  /** How the cross-entropies of several heads make one loss. Default `mean`. */
  readonly heads?: 'mean' | 'sum';
}

export interface OpenOptions {
  /** Largest batch that will be given; smaller ones are fine. */
  readonly batchSize: number;
  /** Absent: the session can only predict. */
  readonly optimizer?: OptimizerSpec;
  /** What `trainStep` minimizes. Default: the mean cross-entropy. */
  readonly loss?: LossSpec;
  /** Without an optimizer: whether `inputGradient` may be asked. Default false. */
  readonly inputGradients?: boolean;
  /**
   * The momentum of dead weights gathers their gradients as that of live ones does, and a weight that grows starts with it. With SGD only.
   * Default false.
   */
  readonly deadMomentum?: boolean;
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
  /** Whether sessions may be opened with `deadMomentum`, which sparse storage has no place for. Default false. */
  readonly deadMomentum?: boolean;
  /** @throws SparseError SHAPE_MISMATCH when `state` does not belong to `network` */
  open(network: Network, state: ModelState, options: OpenOptions): Promise<Session>;
}

export interface StepOptions {
  readonly learningRate: number;
  /**
   * Signals to compute in this step; they cost a dense gradient, out of which the step then takes those of live weights: its last bits may differ
   * from those of a step that keeps nothing.
   */
  readonly keep?: readonly Signal[];
  /** Default true; false leaves every value as it was (gradients are still computed). */
  readonly update?: boolean;
  /** Keys what dropout drops in this step; a network with dropout needs one. */
  readonly dropoutSeed?: number;
  /** Leaves everything as it was when the loss or the 2-norm of all gradients is not finite, or that norm is above `maxNorm`. Default: no look at them. */
  readonly guard?: { readonly maxNorm?: number | undefined };
}

export interface PredictOptions {
  /** Leaves dropout on and keys it. Default: off. */
  readonly dropoutSeed?: number;
}

/** `loss`: mean cross-entropy in nats; `correct`: how many samples of the batch had the right class on top. */
export interface StepResult {
  readonly loss: number;
  readonly correct: number;
  /** With a guard: the 2-norm of all gradients, live positions only, before any clipping. */
  readonly norm?: number;
  /** With a guard: why nothing was changed. */
  readonly refused?: 'loss' | 'gradient';
}

export interface Session extends AsyncDisposable {
  trainStep(batch: Batch, options: StepOptions): Promise<StepResult>;
  /** Gradient of the last step at the positions that `ModelState.values` holds: live ones of a sparse weight, all of any other. */
  gradient(param: ParamName): Promise<Float32Array>;
  /** What the last step was told to keep, over all positions, in the parameter's shape. Only to be looked at, and until the next step: copy what stays. */
  signal(param: ParamName, which: Signal): Promise<Float32Array>;
  /**
   * Where the magnitude of a sparse weight's signal is not below `least`, or is no number: one bit per position, the lowest of each integer first.
   * The caller may change the bits, which stand until the next call. Only in engines that find them faster than a loop over the signal.
   */
  marks?(param: ParamName, which: Signal, least: number): Int32Array;
  /** Changes which weights live. Grown weights and their momentum start at 0; with `deadMomentum`, momentum stays as it is everywhere. */
  rewire(deltas: readonly TopologyDelta[]): Promise<void>;
  /** Logits (size, classes), with running statistics; of a network of several heads (size, heads, classes). `size` may exceed the batch size. */
  predict(images: Float32Array, size: number, options?: PredictOptions): Promise<Float32Array>;
  /**
   * Gradient of the mean cross-entropy over the batch with respect to its images, (size, C, H, W), with running statistics.
   * @throws SparseError INVALID_ARGUMENT unless the session was opened with `inputGradients`
   */
  inputGradient(batch: Batch): Promise<Float32Array>;
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
