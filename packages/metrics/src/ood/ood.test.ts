import { describe, expect, it } from 'vitest';
import { golden, labels, memberLogits, prediction } from '../../test/golden.ts';
import {
  aupr,
  auroc,
  detection,
  energyScore,
  entropyScore,
  fprAtTpr,
  maxLogitScore,
  maxProbabilityScore,
  mutualInformationScore,
  nearestNeighbourScore,
  topLabel,
  uncertaintyDecomposition,
  variationRatioScore,
} from '../index.ts';

const { probs, memberProbs, members, classes } = prediction;
const close = (expected: readonly number[], digits = 10) => expected.map((value) => expect.closeTo(value, digits));

describe('uncertainty and OOD scores', () => {
  it('entropies and mutual information agree with scipy and torch-uncertainty within 1e-10', () => {
    const parts = uncertaintyDecomposition(memberProbs, members, classes);
    for (const part of ['total', 'aleatoric', 'epistemic'] as const) expect([...parts[part]]).toEqual(close(golden.uncertainty[part]));
    expect([...entropyScore(probs, classes)]).toEqual(close(golden.uncertainty.total));
    expect([...mutualInformationScore(memberProbs, members, classes)]).toEqual(close(golden.uncertainty.epistemic));
  });
  it('variation ratio and energy agree with scipy within 1e-10', () => {
    expect([...variationRatioScore(memberProbs, members, classes)]).toEqual(close(golden.uncertainty.variation_ratio));
    expect([...energyScore(memberLogits[0]!, classes, 2.5)]).toEqual(close(golden.uncertainty.energy));
  });
  it('nearest neighbours agree with scikit-learn within 1e-10', () => {
    const { bank, queries, unit, raw } = golden.neighbours;
    const [from, to] = [Float64Array.from(queries.flat()), Float64Array.from(bank.flat())];
    expect([...nearestNeighbourScore(from, to, 6, { k: 5 })]).toEqual(close(unit));
    expect([...nearestNeighbourScore(from, to, 6, { k: 5, normalize: false })]).toEqual(close(raw));
  });
  it('by hand', () => {
    // Two members, one sample: (1, 0) and (0, 1) agree on nothing; (1/2, 1/2) twice know nothing.
    expect(uncertaintyDecomposition(Float64Array.of(1, 0, 0, 1), 2, 2)).toEqual({
      total: Float64Array.of(Math.LN2),
      aleatoric: Float64Array.of(0),
      epistemic: Float64Array.of(Math.LN2),
    });
    expect(uncertaintyDecomposition(new Float64Array(4).fill(0.5), 2, 2).epistemic).toEqual(Float64Array.of(0));
    expect([...variationRatioScore(Float64Array.of(1, 0, 0, 1, 1, 0), 3, 2)]).toEqual([1 - 2 / 3]);
    expect([...maxLogitScore(Float64Array.of(-1, 3, 5, 0), 2)]).toEqual([-3, -5]);
    expect([...energyScore(Float64Array.of(0, 0, 0, 0), 4)]).toEqual([-Math.log(4)]);
    expect(energyScore(Float64Array.of(2000, 0), 2)[0]).toBe(-2000); // no overflow
    expect([...nearestNeighbourScore(Float64Array.of(3, 0), Float64Array.of(0, 7, 1, 0, 0, 0), 2, { k: 2 })]).toEqual([1]); // to the zero row
    expect([...maxProbabilityScore(probs, classes)]).toEqual([...topLabel(probs, labels).confidence].map((c) => 1 - c));
  });
  it('refuse what does not fit', () => {
    expect(() => energyScore(probs, classes, 0)).toThrow('energyScore.temperature: expected a positive number, received 0');
    expect(() => nearestNeighbourScore(probs, probs, classes, { k: 76 })).toThrow(
      'nearestNeighbourScore.k: expected a whole number from 1 to 75',
    );
    expect(() => uncertaintyDecomposition(memberProbs, 7, classes)).toThrow('memberProbs: expected as many rows for each of 7 members');
    expect(() => entropyScore(probs, 4)).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
    expect(() => entropyScore(Float64Array.of(Number.NaN, 1), 2)).toThrow(expect.objectContaining({ code: 'NON_FINITE', at: 'probs[0]' }));
  });
});

describe('detection', () => {
  const inside = Float64Array.from(golden.detection.in16, (score) => score / 16);
  const outside = Float64Array.from(golden.detection.out16, (score) => score / 16);

  it('agrees with scikit-learn within 1e-10, ties included', () => {
    const found = detection(inside, outside);
    expect(found.auroc).toBeCloseTo(golden.detection.auroc!, 10);
    expect(found.auprOut).toBeCloseTo(golden.detection.aupr_out!, 10);
    expect(found.auprIn).toBeCloseTo(golden.detection.aupr_in!, 10);
    expect(found.fpr95Out).toBeCloseTo(golden.detection.fpr95_out!, 10);
    expect(found.fpr95In).toBeCloseTo(golden.detection.fpr95_in!, 10);
  });
  it('AUROC is the share of pairs in the right order, an equal pair counting half', () => {
    let pairs = 0;
    for (const a of inside) for (const b of outside) pairs += b > a ? 1 : b === a ? 0.5 : 0;
    expect(auroc(inside, outside)).toBeCloseTo(pairs / (inside.length * outside.length), 14);
    expect(auroc(inside, outside) + auroc(outside, inside)).toBeCloseTo(1, 14);
  });
  it('constant scores say nothing: AUROC 0.5, AUPR the share of positives, FPR 1', () => {
    const [a, b] = [new Float64Array(6).fill(2), new Float64Array(2).fill(2)];
    expect(detection(a, b)).toEqual({ auroc: 0.5, auprOut: 2 / 8, auprIn: 6 / 8, fpr95Out: 1, fpr95In: 1 });
  });
  it('a perfect score is perfect', () =>
    expect(detection(Float64Array.of(0, 1), Float64Array.of(2, 3))).toEqual({ auroc: 1, auprOut: 1, auprIn: 1, fpr95Out: 0, fpr95In: 0 }));
  it('by hand: outside 4 2, inside 3 1', () => {
    // Thresholds 4 3 2 1: hits 1 1 2 2, alarms 0 1 1 2. Precision at the hits: 1/1, 2/3.
    const [a, b] = [Float64Array.of(1, 3), Float64Array.of(2, 4)];
    expect(auroc(a, b)).toBe(3 / 4);
    expect(aupr(a, b)).toBeCloseTo((1 + 2 / 3) / 2, 15);
    expect(fprAtTpr(a, b, 0.5)).toBe(0);
    expect(fprAtTpr(a, b)).toBe(1 / 2);
  });
  it('refuses what does not fit', () => {
    expect(() => auroc(new Float64Array(0), outside)).toThrow('negatives: expected at least one score');
    expect(() => auroc(inside, Float64Array.of(Number.NaN))).toThrow(expect.objectContaining({ code: 'NON_FINITE', at: 'positives[0]' }));
    expect(() => fprAtTpr(inside, outside, 0)).toThrow('fprAtTpr.tpr');
  });
});
