/** One step of an optimiser over dense arrays with masks, written as its definition in sparse-core reads. */
import type { OptimizerSpec, ParamKind } from '@freetickets/sparse-core';

export interface Optimized {
  readonly kind: ParamKind;
  readonly values: Float32Array;
  readonly momentum: Float32Array;
  readonly secondMoments: Float32Array;
  readonly gradient: Float32Array;
  /** 1 where the weight lives. */
  readonly mask: Uint8Array;
}

/** @param step of this optimiser, counted from 1 */
export function optimize(parameters: readonly Optimized[], optimizer: OptimizerSpec, learningRate: number, step: number): void {
  const scale = clipScale(parameters, optimizer.clipNorm);
  for (const parameter of parameters) {
    const { kind, values, gradient, mask } = parameter;
    const decay = (optimizer.decays?.includes(kind) ?? true) ? optimizer.weightDecay : 0;
    const rate = learningRate * (optimizer.rates?.[kind] ?? 1);
    for (let i = 0; i < values.length; i++) {
      if (!mask[i]) continue;
      const slope = gradient[i]! * scale;
      if (optimizer.kind === 'adamw') values[i]! -= rate * (decay * values[i]! + adam(parameter, i, slope, optimizer, step));
      else values[i]! -= rate * sgd(parameter, i, slope + decay * values[i]!, optimizer);
    }
  }
}

/** The 2-norm over live positions. */
export function gradientNorm(parameters: readonly Optimized[]): number {
  let squares = 0;
  for (const { gradient, mask } of parameters) for (const [i, slope] of gradient.entries()) if (mask[i]) squares += slope * slope;
  return Math.sqrt(squares);
}

const clipScale = (parameters: readonly Optimized[], clipNorm = Number.POSITIVE_INFINITY): number =>
  Math.min(1, clipNorm / (gradientNorm(parameters) || 1));

function sgd({ momentum }: Optimized, i: number, slope: number, { momentum: kept, nesterov }: OptimizerSpec & { kind: 'sgd' }): number {
  momentum[i] = kept * momentum[i]! + slope;
  return nesterov ? slope + kept * momentum[i]! : momentum[i]!;
}

function adam(
  { momentum, secondMoments }: Optimized,
  i: number,
  slope: number,
  spec: OptimizerSpec & { kind: 'adamw' },
  step: number,
): number {
  const { beta1 = 0.9, beta2 = 0.999, eps = 1e-8 } = spec;
  momentum[i] = beta1 * momentum[i]! + (1 - beta1) * slope;
  secondMoments[i] = beta2 * secondMoments[i]! + (1 - beta2) * slope * slope;
  return momentum[i]! / (1 - beta1 ** step) / (Math.sqrt(secondMoments[i]! / (1 - beta2 ** step)) + eps);
}
