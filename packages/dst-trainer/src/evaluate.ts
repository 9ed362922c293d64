/** Loss and accuracy of a session over a labelled data set, in file order, without augmentation. */
import type { Session, Source } from '@freetickets/sparse-core';

export interface Evaluation {
  /** Mean cross-entropy in nats, summed in float64. */
  readonly loss: number;
  readonly accuracy: number;
}

/** @param goOn asked after every batch; when it says no, the result is undefined */
export async function evaluate(
  session: Session,
  source: Source,
  batchSize: number,
  goOn: () => Promise<boolean>,
): Promise<Evaluation | undefined> {
  let loss = 0;
  let correct = 0;
  let seen = 0;
  for await (const { images, labels, size } of source.batches({ batchSize })) {
    const logits = await session.predict(images, size);
    const classes = logits.length / size;
    for (let n = 0; n < size; n++) {
      const row = logits.subarray(n * classes, (n + 1) * classes);
      const label = labels[n]!;
      loss += crossEntropy(row, label);
      if (topClass(row) === label) correct++;
    }
    seen += size;
    if (!(await goOn())) return undefined;
  }
  return { loss: loss / seen, accuracy: correct / seen };
}

/** -log softmax(logits)[label], safe for large logits. */
function crossEntropy(logits: Float32Array, label: number): number {
  const top = logits[topClass(logits)]!;
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - top);
  return Math.log(total) + top - logits[label]!;
}

/** Ties go to the lower class. */
function topClass(logits: Float32Array): number {
  let best = 0;
  for (let k = 1; k < logits.length; k++) if (logits[k]! > logits[best]!) best = k;
  return best;
}
