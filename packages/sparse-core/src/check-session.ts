/** For engines: checks what a session is given (options, batches, seeds, changes of topology) before anything of it is carried out. */
import type { Batch, Engine, OpenOptions, OptimizerSpec, PredictOptions, Signal, StepOptions } from './engine.ts';
import { SparseError } from './errors.ts';
import type { Network } from './network.ts';
import type { ParamName } from './spec.ts';
import { type Topology, type TopologyDelta, type TracedDelta, traceDelta } from './topology.ts';

/** @param engine that the options are given to */
export function checkOptions(engine: Pick<Engine, 'deadMomentum'>, options: OpenOptions): void {
  const { batchSize, loss, optimizer, inputGradients, deadMomentum } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new SparseError('INVALID_ARGUMENT', 'batchSize', 'a whole number of at least 1', batchSize);
  const smoothing = loss?.labelSmoothing ?? 0;
  if (!(smoothing >= 0 && smoothing < 1))
    throw new SparseError('INVALID_ARGUMENT', 'loss.labelSmoothing', 'a number from 0 to below 1', smoothing);
  if (inputGradients && optimizer)
    throw new SparseError(
      'INVALID_ARGUMENT',
      'inputGradients',
      'a session without an optimizer',
      `one with ${optimizer.kind}`,
      'Open a second session on a snapshot of the first',
    );
  if (optimizer) checkOptimizer(optimizer);
  if (!deadMomentum) return;
  if (!engine.deadMomentum)
    throw new SparseError('INVALID_ARGUMENT', 'deadMomentum', 'false, for this engine stores nothing of dead weights', true);
  if (optimizer?.kind !== 'sgd') throw new SparseError('INVALID_ARGUMENT', 'deadMomentum', 'the optimizer sgd', optimizer?.kind ?? 'none');
}

function checkOptimizer(optimizer: OptimizerSpec): void {
  const { clipNorm } = optimizer;
  if (clipNorm !== undefined && !(clipNorm > 0))
    throw new SparseError('INVALID_ARGUMENT', 'optimizer.clipNorm', 'a number above 0', clipNorm);
  if (optimizer.kind !== 'adamw') return;
  for (const name of ['beta1', 'beta2'] as const) {
    const beta = optimizer[name] ?? 0;
    if (!(beta >= 0 && beta < 1)) throw new SparseError('INVALID_ARGUMENT', `optimizer.${name}`, 'a number from 0 to below 1', beta);
  }
}

/** @returns whether signals are to be kept */
export function checkStep(net: Network, { optimizer, batchSize, signals = [] }: OpenOptions, batch: Batch, step: StepOptions): boolean {
  if (!optimizer)
    throw new SparseError('INVALID_ARGUMENT', 'trainStep', 'a session that was opened with an optimizer', 'one that predicts');
  checkBatch(net, batch, batchSize);
  if (dropoutDraw(step.dropoutSeed)[0] === 0 && net.spec.nodes.some(({ op }) => op === 'dropout'))
    throw new SparseError('INVALID_ARGUMENT', 'dropoutSeed', 'a seed for a step of a network with dropout', 'none');
  const { keep = [] } = step;
  for (const signal of keep)
    if (!signals.includes(signal))
      throw new SparseError('ENGINE_LACKS_SIGNAL', `keep ${signal}`, 'a signal that the session was opened with', signals);
  return keep.length > 0;
}

export function checkPrediction(net: Network, images: Float32Array, size: number, { dropoutSeed }: PredictOptions): void {
  if (!Number.isInteger(size) || size < 0) throw new SparseError('INVALID_ARGUMENT', 'size', 'a whole number of images', size);
  const imageSize = imageSizeOf(net);
  if (images.length !== size * imageSize) throw new SparseError('SHAPE_MISMATCH', 'images', `${size} x ${imageSize} values`, images.length);
  dropoutDraw(dropoutSeed);
}

/** Of the last step: whether there was one, and whether it kept signals. */
export type Stepped = 'never' | 'plain' | 'kept';

export function checkOpen(open: boolean): void {
  if (!open) throw new SparseError('INVALID_ARGUMENT', 'session', 'an open session', 'one that was disposed of');
}

/** Of a parameter whose gradient or signal is asked for. */
export function checkTrained(net: Network, { optimizer }: OpenOptions, param: ParamName): void {
  if (!net.params.get(param)?.trainable) throw new SparseError('INVALID_ARGUMENT', 'gradient', 'a trained parameter', param);
  if (!optimizer) throw new SparseError('INVALID_ARGUMENT', 'gradient', 'a session that was opened with an optimizer', 'one that predicts');
}

/** @param rewired parameters that changed since the last step: its gradients are not those of the weights that live now */
export function checkGradient(param: ParamName, stepped: Stepped, rewired: ReadonlySet<ParamName>): void {
  if (stepped === 'never') throw new SparseError('INVALID_ARGUMENT', 'gradient', 'a training step before it', 'none');
  if (rewired.has(param)) throw new SparseError('INVALID_ARGUMENT', `gradient of ${param}`, 'a training step since the rewiring', 'none');
}

export function checkSignal({ signals = [] }: OpenOptions, which: Signal, stepped: Stepped): void {
  if (which !== 'gradient' || !signals.includes(which))
    throw new SparseError('ENGINE_LACKS_SIGNAL', `signal ${which}`, 'a signal that the session was opened with', signals);
  if (stepped !== 'kept') throw new SparseError('ENGINE_LACKS_SIGNAL', `signal ${which}`, `a last step with keep: ['${which}']`, stepped);
}

export function checkInputGradient(net: Network, { inputGradients, batchSize }: OpenOptions, batch: Batch): void {
  if (!inputGradients)
    throw new SparseError('INVALID_ARGUMENT', 'inputGradient', 'a session opened with inputGradients', 'one opened without');
  checkBatch(net, batch, batchSize);
}

/** The layers after all of `deltas`, which must leave live counts as they are; nothing is changed. */
export function traceDeltas(before: Topology, deltas: readonly TopologyDelta[]): (TracedDelta & TopologyDelta)[] {
  const topology = new Map(before);
  return deltas.map((delta) => {
    const layer = topology.get(delta.param);
    if (!layer) throw new SparseError('INVALID_ARGUMENT', 'rewire', 'a sparse weight', delta.param);
    const traced = traceDelta(layer, delta);
    const [expected, received] = [layer, traced.after].map(({ live }) => live.length);
    if (received !== expected)
      throw new SparseError('INVALID_ARGUMENT', `rewiring of ${delta.param}`, `${expected} live weights as before`, received);
    topology.set(delta.param, traced.after);
    return { ...delta, ...traced };
  });
}

const imageSizeOf = (net: Network): number => net.shapes.get('input')!.reduce((a, b) => a * b, 1);

function checkBatch(net: Network, batch: Batch, most: number): void {
  const { size, images, labels, mixed } = batch;
  if (!Number.isInteger(size) || size < 1 || size > most)
    throw new SparseError('SHAPE_MISMATCH', 'batch.size', `1 to ${most} samples`, size);
  const imageSize = imageSizeOf(net);
  if (images.length !== size * imageSize)
    throw new SparseError('SHAPE_MISMATCH', 'batch.images', `${size} x ${imageSize} values`, images.length);
  checkLabels(net, labels, size, 'batch.labels');
  if (!mixed) return;
  checkLabels(net, mixed.labels, size, 'batch.mixed.labels');
  if (mixed.shares.length !== size) throw new SparseError('SHAPE_MISMATCH', 'batch.mixed.shares', `${size} shares`, mixed.shares.length);
  const wrong = mixed.shares.find((share) => !(share >= 0 && share <= 1));
  if (wrong !== undefined) throw new SparseError('INVALID_ARGUMENT', 'batch.mixed.shares', 'shares from 0 to 1', wrong);
}

function checkLabels({ heads, classes }: Network, labels: Int32Array, size: number, at: string): void {
  if (labels.length !== size * heads)
    throw new SparseError('SHAPE_MISMATCH', at, heads === 1 ? `${size} labels` : `${size} x ${heads} labels`, labels.length);
  const wrong = labels.find((label) => label < 0 || label >= classes);
  if (wrong !== undefined) throw new SparseError('INVALID_ARGUMENT', at, `class indices from 0 to ${classes - 1}`, wrong);
}

/** A seed of dropout: whether there is one, its low and its high 32 bits. */
export function dropoutDraw(seed: number | undefined): readonly [number, number, number] {
  if (seed === undefined) return [0, 0, 0];
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new SparseError('INVALID_ARGUMENT', 'dropoutSeed', 'a whole number from 0 to 2^53', seed);
  return [1, seed | 0, Math.floor(seed / 2 ** 32)];
}
