/** Loss and accuracy of a session over a labelled data set, in file order, without augmentation. Several members answer with the mean of their softmax. */
import type { Session, Source } from '@freetickets/sparse-core';

export interface Evaluation {
  /** Mean cross-entropy in nats, summed in float64. */
  readonly loss: number;
  readonly accuracy: number;
}

/**
 * @param session answers (size, members, classes); a network of one member (size, classes)
 * @param goOn asked after every batch; when it says no, the result is undefined
 */
export async function evaluate(
  session: Pick<Session, 'predict'>,
  source: Source,
  batchSize: number,
  goOn: () => Promise<boolean>,
): Promise<Evaluation | undefined> {
  let loss = 0;
  let correct = 0;
  let seen = 0;
  for await (const { images, labels, size } of source.batches({ batchSize })) {
    const logits = await session.predict(images, size);
    const numbers = logits.length / size;
    for (let n = 0; n < size; n++) {
      const row = pooled(logits.subarray(n * numbers, (n + 1) * numbers), source.classes.length);
      const label = labels[n]!;
      loss += crossEntropy(row, label);
      if (topClass(row) === label) correct++;
    }
    seen += size;
    if (!(await goOn())) return undefined;
  }
  return { loss: loss / seen, accuracy: correct / seen };
}

type Row = Float32Array | Float64Array;

/** Logits of one prediction: those of the only member, or the logarithms of the members' mean probabilities. */
function pooled(logits: Float32Array, classes: number): Row {
  if (logits.length === classes) return logits;
  const mean = new Float64Array(classes);
  for (let from = 0; from < logits.length; from += classes) {
    const own = logits.subarray(from, from + classes);
    for (let k = 0; k < classes; k++) mean[k]! += (Math.exp(-crossEntropy(own, k)) * classes) / logits.length;
  }
  return mean.map((share) => Math.log(Math.max(share, Number.MIN_VALUE)));
}

/** -log softmax(logits)[label], safe for large logits. */
function crossEntropy(logits: Row, label: number): number {
  const top = logits[topClass(logits)]!;
  let total = 0;
  for (const logit of logits) total += Math.exp(logit - top);
  return Math.log(total) + top - logits[label]!;
}

/** Ties go to the lower class. */
function topClass(logits: Row): number {
  let best = 0;
  for (let k = 1; k < logits.length; k++) if (logits[k]! > logits[best]!) best = k;
  return best;
}
