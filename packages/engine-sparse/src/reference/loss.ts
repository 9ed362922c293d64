/** The ends of a training step: the loss, and the update of the values. */
import type { Loss, OperationOf } from '../ops.ts';
import { at, type Context } from './context.ts';

/** Mean cross-entropy over the batch; gradient (softmax - one-hot) / batch. Ties: the lowest class is on top. */
export function loss(p: Loss, c: Context): void {
  for (let n = 0; n < c.blocks * c.lanes; n++) {
    const block = Math.floor(n / c.lanes);
    const logit = (k: number) => c.f[at(p.logits, c, block, k, 0) + (n % c.lanes)]!;
    const gradientAt = (k: number) => at(p.gradient, c, block, k, 0) + (n % c.lanes);
    if (n >= c.batch) {
      for (let k = 0; k < p.classes; k++) c.f[gradientAt(k)] = 0;
      continue;
    }
    const label = c.i[p.labels + n]!;
    let top = 0;
    for (let k = 1; k < p.classes; k++) if (logit(k) > logit(top)) top = k;
    let sum = 0;
    for (let k = 0; k < p.classes; k++) sum += Math.exp(logit(k) - logit(top));
    for (let k = 0; k < p.classes; k++) c.f[gradientAt(k)] = (Math.exp(logit(k) - logit(top)) / sum - (k === label ? 1 : 0)) / c.batch;
    c.f[p.loss + n] = Math.log(sum) + logit(top) - logit(label);
    c.f[p.correct + n] = top === label ? 1 : 0;
  }
}

export function sgd(p: OperationOf<'sgd'>, c: Context): void {
  const [rate, momentum, decay] = [c.f[p.hyper]!, c.f[p.hyper + 1]!, c.f[p.hyper + 2]!];
  for (let k = 0; k < p.count; k++) {
    const buffer = Math.fround(momentum * c.f[p.momentum + k]! + c.f[p.gradients + k]! + decay * c.f[p.values + k]!);
    c.f[p.momentum + k] = buffer;
    c.f[p.values + k]! -= rate * buffer;
  }
}
