/** The end of the forward pass: the loss and its gradient. */
import type { Loss } from '../ops.ts';
import { at, type Context } from './context.ts';

/** Cross-entropy of all heads of each image, the share of heads that are right, and the gradient. Ties: the lowest class is on top. */
export function loss(p: Loss, c: Context): void {
  for (let n = 0; n < c.blocks * c.lanes; n++) {
    if (n >= c.batch) {
      for (let k = 0; k < p.classes * p.heads; k++) c.f[at(p.gradient, c, Math.floor(n / c.lanes), k, 0) + (n % c.lanes)] = 0;
      continue;
    }
    let sum = 0;
    let right = 0;
    for (let head = 0; head < p.heads; head++) {
      const found = headLoss(p, c, n, head);
      sum += found.loss;
      right += found.right ? 1 : 0;
    }
    c.f[p.loss + n] = sum;
    c.f[p.correct + n] = right / p.heads;
  }
}

/** One head of one image; gradient (softmax - target) / batch. */
function headLoss(p: Loss, c: Context, n: number, head: number): { readonly loss: number; readonly right: boolean } {
  const block = Math.floor(n / c.lanes);
  const logit = (k: number) => c.f[at(p.logits, c, block, head * p.classes + k, 0) + (n % c.lanes)]!;
  const [label, mixed] = [c.i[p.labels + n * p.heads + head]!, c.i[p.mixed + n * p.heads + head]!];
  const share = c.f[p.shares + n]!;
  const smoothing = c.f[p.smoothing]!;
  const weight = p.sum ? 1 : 1 / p.heads;
  let top = 0;
  for (let k = 1; k < p.classes; k++) if (logit(k) > logit(top)) top = k;
  let sum = 0;
  for (let k = 0; k < p.classes; k++) sum += Math.exp(logit(k) - logit(top));
  let loss = Math.log(sum) + logit(top);
  for (let k = 0; k < p.classes; k++) {
    const target = (1 - smoothing) * ((k === label ? 1 - share : 0) + (k === mixed ? share : 0)) + smoothing / p.classes;
    // A logit that has no part in the target may be infinite.
    if (target > 0) loss -= target * logit(k);
    const gradient = (Math.exp(logit(k) - logit(top)) / sum - target) / c.batch;
    c.f[at(p.gradient, c, block, head * p.classes + k, 0) + (n % c.lanes)] = gradient * weight;
  }
  return { loss: loss * weight, right: top === label };
}
