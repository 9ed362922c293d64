import type { Batch, LossSpec } from '@freetickets/sparse-core';

/** Mean loss in nats, right answers, and the loss's slope along the logits (size, classes); with mixed labels and smoothing. */
export function crossEntropy(
  logits: Float32Array,
  { labels, mixed }: Pick<Batch, 'labels' | 'mixed'>,
  classes: number,
  spec: LossSpec = {},
) {
  const { labelSmoothing = 0 } = spec;
  const slope = new Float32Array(logits.length);
  let loss = 0;
  let correct = 0;
  for (const [n, label] of labels.entries()) {
    const row = logits.subarray(n * classes, (n + 1) * classes);
    const top = Math.max(...row);
    const total = row.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
    if (row.indexOf(top) === label) correct++;
    const targets = new Float64Array(classes).fill(labelSmoothing / classes);
    const share = mixed?.shares[n] ?? 0;
    targets[label]! += (1 - labelSmoothing) * (1 - share);
    if (mixed) targets[mixed.labels[n]!]! += (1 - labelSmoothing) * share;
    for (let k = 0; k < classes; k++) {
      loss += targets[k]! * (Math.log(total) + top - row[k]!);
      slope[n * classes + k] = (Math.exp(row[k]! - top) / total - targets[k]!) / labels.length;
    }
  }
  return { loss: loss / labels.length, correct, slope };
}
