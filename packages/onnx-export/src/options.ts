/** What `toOnnx` may be told, and what of it is refused. */
import { type Network, SparseError } from '@freetickets/sparse-core';
import type { Precision } from './graph.ts';
import type { Layout } from './metadata.ts';
import type { Normalization } from './normalize.ts';

export interface OnnxOptions {
  /**
   * `probabilities` (default): outputs `probabilities` (batch, classes), the mean of the members' softmax, and `member_probabilities`
   * (batch, members, classes). `logits`: outputs `logits`, the mean of the members' logits, and `member_logits`.
   */
  readonly output?: 'probabilities' | 'logits';
  /** Placed in the graph, which then takes pixels in [0, 1]; with `inGraph: false` only noted in the metadata, for the caller to apply. */
  readonly normalization?: Normalization & { readonly inGraph?: boolean };
  /** Class names in label order, for the metadata. */
  readonly classes?: readonly string[];
  /** Whatever was measured, for the metadata; has to be JSON. */
  readonly metrics?: Readonly<Record<string, unknown>>;
  /** What was fitted on validation data for whoever serves the file, for the metadata; has to be JSON. */
  readonly calibration?: Readonly<Record<string, unknown>>;
  /** Of the program that exports. Default: none. */
  readonly producerVersion?: string;
  /** Of the graph. Default: the name of the first member's spec. */
  readonly name?: string;
  /** Default `dynamic`: any batch size. */
  readonly batch?: 'dynamic' | number;
  /** Of the weights and of the arithmetic inside the members. Default `fp32`; inputs and outputs are float32 in either case. */
  readonly precision?: Precision;
  /**
   * `fused` (default): one network beside the other in one graph. `grouped`: members of one architecture as a single network that is as many
   * times as wide, its convolutions in groups; a GPU computes that with fewer and larger steps.
   */
  readonly layout?: Layout;
  /** Of the operator set, 13 to 21. Default 17, which runtimes since 2022 read. */
  readonly opset?: number;
}

/** The oldest IR version that goes with each operator set. */
export const IR_VERSIONS: Readonly<Record<number, number>> = { 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9, 21: 10 };

/** The options with their defaults, checked. @throws SparseError INVALID_ARGUMENT */
export function settingsOf(net: Network, options: OnnxOptions) {
  const { output = 'probabilities', batch = 'dynamic', opset = 17, name = net.spec.name, classes = null } = options;
  const { metrics = null, calibration = null, precision = 'fp32', layout = 'fused' } = options;
  if (!Object.hasOwn(IR_VERSIONS, opset)) throw refusal('opset', 'a whole number from 13 to 21', opset);
  if (output !== 'probabilities' && output !== 'logits') throw refusal('output', '"probabilities" or "logits"', output);
  if (precision !== 'fp32' && precision !== 'fp16') throw refusal('precision', '"fp32" or "fp16"', precision);
  if (layout !== 'fused' && layout !== 'grouped') throw refusal('layout', '"fused" or "grouped"', layout);
  if (batch !== 'dynamic' && !(Number.isInteger(batch) && batch >= 1))
    throw refusal('batch', '"dynamic" or a whole number of at least 1', batch);
  if (name === '') throw refusal('name', 'a name', name);
  if (classes && classes.length !== net.classes) throw refusal('classes', `${net.classes} names`, classes);
  const given = options.normalization;
  const normalization = given ? { inGraph: given.inGraph ?? true, mean: given.mean, std: given.std } : null;
  if (normalization) checkNormalization(normalization, net.spec.input.shape[0]!);
  const measured = { metrics, calibration };
  return {
    output,
    batch,
    opset,
    name,
    classes,
    measured,
    normalization,
    precision,
    layout,
    producerVersion: options.producerVersion ?? '',
  };
}

function checkNormalization(normalization: Normalization, channels: number): void {
  for (const key of ['mean', 'std'] as const) {
    const values = normalization[key];
    const count = channels === 1 ? '1 number' : `${channels} numbers, or 1 for all`;
    if (values.length !== channels && values.length !== 1) throw refusal(`normalization.${key}`, count, values);
    if (!values.every((value) => Number.isFinite(value) && (key === 'mean' || value > 0)))
      throw refusal(`normalization.${key}`, key === 'mean' ? 'finite numbers' : 'finite numbers above 0', values);
  }
}

const refusal = (at: string, expected: string, received: unknown) => new SparseError('INVALID_ARGUMENT', at, expected, received);
