/** The optimizers. */
import type { OperationOf } from '../ops.ts';
import type { Context } from './context.ts';

export function sgd(p: OperationOf<'sgd'>, { f }: Context): void {
  const [rate, momentum, decay] = [f[p.hyper]!, f[p.hyper + 1]!, f[p.hyper + 2]!];
  const factor = p.factor < 0 ? 1 : f[p.factor]!;
  for (let k = 0; k < p.count; k++) {
    const gradient = factor * f[p.gradients + k]! + decay * f[p.values + k]!;
    const buffer = Math.fround(momentum * f[p.momentum + k]! + gradient);
    f[p.momentum + k] = buffer;
    f[p.values + k]! -= rate * (p.nesterov ? gradient + momentum * buffer : buffer);
  }
}

export function adamw(p: OperationOf<'adamw'>, { f }: Context): void {
  const [keep, rate, root, beta1, rest1, beta2, rest2, eps] = f.subarray(p.hyper, p.hyper + 8) as unknown as [
    ...[number, number, number, number],
    ...[number, number, number, number],
  ];
  const factor = p.factor < 0 ? 1 : f[p.factor]!;
  for (let k = 0; k < p.count; k++) {
    const gradient = factor * f[p.gradients + k]!;
    const first = beta1 * f[p.momentum + k]! + rest1 * gradient;
    const second = beta2 * f[p.secondMoments + k]! + rest2 * gradient * gradient;
    f[p.momentum + k] = first;
    f[p.secondMoments + k] = second;
    f[p.values + k] = keep * f[p.values + k]! - (rate * first) / (root * Math.sqrt(second) + eps);
  }
}

export function clip(p: OperationOf<'clip'>, { f }: Context): void {
  let squares = 0;
  for (let k = 0; k < p.count; k++) squares += f[p.gradients + k]! ** 2;
  // Not a number stays what it is.
  f[p.factor] = Math.min(1, f[p.limit]! / (Math.sqrt(squares) + 1e-6));
}
