import { rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import {
  collect,
  disagreement,
  meanPairwiseJs,
  meanPairwiseKappa,
  meanPairwiseKl,
  meanPairwiseQStatistic,
  resampledDiversity,
  softmax,
  takeRows,
} from '../index.ts';

const [SIZE, CLASSES, MEMBERS] = [60, 4, 3];
const stream = rng(9).stream('test');
const logits = Float64Array.from({ length: MEMBERS * SIZE * CLASSES }, () => 2 * stream.normal());
const memberProbs = Float32Array.from(softmax(logits, CLASSES));
const probs = Float32Array.from(
  { length: SIZE * CLASSES },
  (_, k) => (memberProbs[k]! + memberProbs[k + SIZE * CLASSES]! + memberProbs[k + 2 * SIZE * CLASSES]!) / 3,
);
const prediction = { size: SIZE, classes: CLASSES, members: MEMBERS, probs, memberProbs };
const labels = Int32Array.from({ length: SIZE }, () => stream.below(CLASSES));

describe('resampledDiversity', () => {
  it.each([
    ['all samples', (k: number) => k],
    ['with repetitions', (k: number) => k % 40],
  ])('is what the metrics say of the same rows: %s', (_, rowOf) => {
    const rows = Uint32Array.from({ length: SIZE }, (_, k) => rowOf(k));
    const metrics = collect({
      disagreement: disagreement(),
      kl: meanPairwiseKl(),
      js: meanPairwiseJs(),
      qStatistic: meanPairwiseQStatistic(),
      kappa: meanPairwiseKappa(),
    });
    metrics.update(
      takeRows(prediction, rows),
      Int32Array.from(rows, (n) => labels[n]!),
    );
    const found = resampledDiversity(prediction, labels)(rows);
    for (const [name, value] of Object.entries(metrics.value())) expect(found[name as keyof typeof found], name).toBeCloseTo(value, 12);
  });

  it('of a single member there is none', () => {
    const alone = { ...prediction, members: 1, memberProbs: probs };
    for (const value of Object.values(resampledDiversity(alone, labels)(Uint32Array.of(0, 1)))) expect(value).toBeNaN();
  });
});
