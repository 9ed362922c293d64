import { rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import {
  accuracy,
  aurc,
  brier,
  classwiseEce,
  collect,
  debiasedEce,
  ece,
  nll,
  predictionOf,
  resampledScores,
  softmax,
  takeRows,
  topKAccuracy,
} from '../index.ts';

/** Seven classes; every confidence differs from the others. */
function drawn(size: number) {
  const stream = rng(3).stream('test');
  const logits = Float64Array.from({ length: size * 7 }, () => 2 * stream.normal());
  const labels = Int32Array.from({ length: size }, (_, n) => (stream.below(3) === 0 ? stream.below(7) : argmax(logits, n)));
  return { prediction: predictionOf(softmax(logits, 7), 7), labels };
}
const argmax = (logits: Float64Array, n: number) => {
  const row = Array.from(logits.subarray(7 * n, 7 * n + 7));
  return row.indexOf(Math.max(...row));
};

describe('resampledScores', () => {
  it.each([
    ['all samples', (n: number) => Uint32Array.from({ length: n }, (_, k) => k)],
    ['fewer', (n: number) => Uint32Array.from({ length: n - 17 }, (_, k) => k + 5)],
    ['with repetitions', (n: number) => Uint32Array.from({ length: n }, (_, k) => (k * k) % n)],
    ['a single one, many times', () => new Uint32Array(40).fill(7)],
  ])('is what the metrics say of the same rows: %s', (_, rowsOf) => {
    const { prediction, labels } = drawn(203);
    const rows = rowsOf(203);
    const metrics = collect({
      accuracy: accuracy(),
      top5: topKAccuracy(5),
      nll: nll(),
      brier: brier(),
      ece: ece(),
      aurc: aurc(),
      eceEqualMass: ece({ edges: 'quantile' }),
      eceClasswise: classwiseEce(),
      eceDebiased: debiasedEce(),
      eceFreetickets: ece({ edges: 'freetickets' }),
    });
    metrics.update(
      takeRows(prediction, rows),
      Int32Array.from(rows, (n) => labels[n]!),
    );
    const found = resampledScores(prediction, labels)(rows);
    for (const [name, value] of Object.entries(metrics.value())) expect(found[name as keyof typeof found], name).toBeCloseTo(value, 10);
  });

  it('has the calibration errors that were worked out by hand', () => {
    // 15 bins keep all five apart: (.34 + .70 + .07 + .99 + .65) / 5. 14 bins put .66 with .70 and .93 with .99: (.36 + .92 + .65) / 5.
    const confidences = [0.66, 0.7, 0.93, 0.99, 0.35];
    const right = [1, 0, 1, 0, 1];
    const probs = confidences.flatMap((p) => [p, (1 - p) / 3, (1 - p) / 3, (1 - p) / 3]);
    const labels = Int32Array.from(right, (yes) => 1 - yes);
    const { ece: of15, eceFreetickets: of14 } = resampledScores(
      predictionOf(Float64Array.from(probs), 4),
      labels,
    )(Uint32Array.of(0, 1, 2, 3, 4));
    expect(of15).toBeCloseTo(0.55, 6);
    expect(of14).toBeCloseTo(0.386, 6);
  });

  it('counts equal confidences as their mean error in the risk-coverage curve', () => {
    // two equally sure, one of them wrong, then one less sure and right: risks 1/2, 1/2, 1/3
    const probs = Float64Array.of(0.75, 0.25, 0.75, 0.25, 0.625, 0.375);
    const { aurc: area } = resampledScores(predictionOf(probs, 2), Int32Array.of(0, 1, 0))(Uint32Array.of(0, 1, 2));
    expect(area).toBeCloseTo((1 / 2 + 1 / 2 + 1 / 3) / 3, 12);
  });
});
