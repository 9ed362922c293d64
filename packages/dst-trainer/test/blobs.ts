/** A small labelled data set for the tests: points around one centre per class, in an order keyed by (seed, epoch). */
import { type Batch, rng, type Source } from '@freetickets/sparse-core';

/** @param noise standard deviation around the centres, which lie on the unit cube's corners */
export function blobs(options: { size: number; features: number; classes: number; noise?: number; seed?: number }): Source {
  const { size, features, classes, noise = 0.8, seed = 1 } = options;
  const centres = rng(99).stream('centres');
  const centre = Float32Array.from({ length: classes * features }, () => (centres.below(2) === 0 ? -1 : 1));
  const draws = rng(seed).stream('points');
  const labels = Int32Array.from({ length: size }, (_, n) => n % classes);
  const points = Float32Array.from({ length: size * features }, (_, i) => {
    const label = labels[Math.floor(i / features)]!;
    return centre[label * features + (i % features)]! + noise * draws.normal();
  });

  function* batches({ batchSize, shuffle, from = 0 }: Parameters<Source['batches']>[0]): Generator<Batch> {
    const order = Uint32Array.from({ length: size }, (_, n) => n);
    if (shuffle) rng(shuffle.seed).stream('order', shuffle.epoch).shuffle(order);
    for (let start = from * batchSize; start < size; start += batchSize) {
      const chosen = [...order.subarray(start, start + batchSize)];
      yield {
        size: chosen.length,
        images: Float32Array.from(chosen.flatMap((n) => [...points.subarray(n * features, (n + 1) * features)])),
        labels: Int32Array.from(chosen, (n) => labels[n]!),
      };
    }
  }
  return { size, classes: Array.from({ length: classes }, (_, k) => `class ${k}`), shape: [features], batches };
}
