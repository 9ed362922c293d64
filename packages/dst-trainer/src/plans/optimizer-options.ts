/** What the options of a plan say of its optimiser and its loss, with their defaults and checks. */
import type { AdamWSpec, LossSpec, OptimizerSpec, SgdSpec } from '@freetickets/sparse-core';
import { check } from './checks.ts';

export interface OptimizerOptions {
  /** Default `sgd`. */
  readonly optimizer?: OptimizerSpec['kind'] | undefined;
  /** Of sgd. Default 0.9. */
  readonly momentum?: number | undefined;
  /** Of sgd: steps look ahead along the momentum. Default false. */
  readonly nesterov?: boolean | undefined;
  /** Of adamw. Default 0.9. */
  readonly beta1?: number | undefined;
  /** Of adamw. Default 0.999. */
  readonly beta2?: number | undefined;
  /** Default 5e-4; of adamw 0.01. */
  readonly weightDecay?: number | undefined;
  /** What decays: every trained parameter, or the weights of layers only. Default `all`. */
  readonly decays?: 'all' | 'weights' | undefined;
  /** Largest 2-norm of all gradients together. Default: none. */
  readonly clipNorm?: number | undefined;
  /** Share of each target that is spread evenly over all classes. Default 0. */
  readonly labelSmoothing?: number | undefined;
}

/** First learning rates by optimiser. */
export const FIRST_RATE = { sgd: 0.1, adamw: 0.001 } as const;

const WEIGHT_DECAY = { sgd: 5e-4, adamw: 0.01 } as const;
const NOT_NEGATIVE_BELOW_1 = 'a number from 0 to below 1';

/** @throws SparseError INVALID_ARGUMENT naming the option */
export function optimizerOf(method: string, options: OptimizerOptions): OptimizerSpec {
  const { optimizer: kind = 'sgd', decays = 'all', clipNorm } = options;
  const weightDecay = options.weightDecay ?? WEIGHT_DECAY[kind];
  check(weightDecay >= 0 && weightDecay < Number.POSITIVE_INFINITY, `${method}: weightDecay`, 'a finite number of at least 0', weightDecay);
  check(clipNorm === undefined || clipNorm > 0, `${method}: clipNorm`, 'a number above 0', clipNorm);
  const shared = { weightDecay, ...(decays === 'weights' && { decays: ['weight'] as const }), ...(clipNorm !== undefined && { clipNorm }) };
  return { ...(kind === 'sgd' ? sgdOf(method, options) : adamwOf(method, options)), ...shared };
}

function sgdOf(method: string, { momentum = 0.9, nesterov = false, beta1, beta2 }: OptimizerOptions): Omit<SgdSpec, 'weightDecay'> {
  checkAbsent(method, 'adamw', { beta1, beta2 });
  check(isShare(momentum), `${method}: momentum`, NOT_NEGATIVE_BELOW_1, momentum);
  check(!nesterov || momentum > 0, `${method}: nesterov`, 'false beside a momentum of 0', nesterov, 'It looks ahead along the momentum');
  return { kind: 'sgd', momentum, ...(nesterov && { nesterov }) };
}

function adamwOf(method: string, { momentum, nesterov, beta1, beta2 }: OptimizerOptions): Omit<AdamWSpec, 'weightDecay'> {
  checkAbsent(method, 'sgd', { momentum, nesterov: nesterov || undefined });
  const betas = Object.entries({ beta1, beta2 }).filter((entry): entry is [string, number] => entry[1] !== undefined);
  for (const [name, beta] of betas) check(isShare(beta), `${method}: ${name}`, NOT_NEGATIVE_BELOW_1, beta);
  return { kind: 'adamw', ...Object.fromEntries(betas) };
}

/** The part of the loss that options set; undefined where they leave it as it is. */
export function lossOf(method: string, { labelSmoothing }: OptimizerOptions): LossSpec | undefined {
  if (labelSmoothing === undefined) return undefined;
  check(isShare(labelSmoothing), `${method}: labelSmoothing`, NOT_NEGATIVE_BELOW_1, labelSmoothing);
  return { labelSmoothing };
}

const isShare = (value: number): boolean => value >= 0 && value < 1;

function checkAbsent(method: string, reader: OptimizerSpec['kind'], options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options))
    check(value === undefined, `${method}: ${name}`, `no value, because only the optimizer ${reader} reads it`, value);
}
