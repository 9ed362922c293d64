import { type Prediction, rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { golden, labels, memberLogits, prediction } from '../../test/golden.ts';
import {
  applyTemperatureScaling,
  calibrationError,
  classwiseEce,
  debiasedEce,
  ece,
  fitTemperature,
  fitTemperatureScaling,
  logProbabilities,
  type Metric,
  memberPrediction,
  predictionOf,
  reliabilityBins,
  softmax,
  topLabel,
} from '../index.ts';

const { classes, size } = prediction;

function score(metric: Metric, of: Prediction = prediction, truth = labels): number {
  metric.update(of, truth);
  return metric.value();
}

describe('calibration errors', () => {
  const top = topLabel(prediction.probs, labels);

  it.each([10, 15])('equal width, %i bins: agree with numpy within 1e-10 and with torchmetrics within its float32', (bins) => {
    for (const norm of ['l1', 'l2', 'max'] as const) {
      const value = calibrationError(reliabilityBins(top, { bins }), norm);
      expect(value, norm).toBeCloseTo(golden.calibration[`${norm}_${bins}`]!, 10);
      expect(value, norm).toBeCloseTo(golden.calibration[`${norm}_${bins}_float32`]!, 6);
    }
    expect(score(ece({ bins }))).toBeCloseTo(golden.calibration[`l1_${bins}`]!, 10);
  });
  it.each([10, 15])('equal mass, %i bins: agrees with numpy within 1e-10 and with torch-uncertainty within its float32', (bins) => {
    const value = score(ece({ bins, edges: 'quantile' }));
    expect(value).toBeCloseTo(golden.calibration[`quantile_${bins}`]!, 10);
    expect(value).toBeCloseTo(golden.calibration[`quantile_${bins}_float32`]!, 6);
  });
  it('the published 14 bins: agree with numpy within 1e-10', () => {
    expect(score(ece({ edges: 'freetickets' }))).toBeCloseTo(golden.calibration.freetickets!, 10);
    expect(calibrationError(reliabilityBins(top, { edges: 'freetickets' }))).toBeCloseTo(golden.calibration.freetickets!, 10);
  });
  it('classwise: agrees with torch-uncertainty within 1e-10', () =>
    expect(score(classwiseEce())).toBeCloseTo(golden.calibration.classwise!, 10));
  it('debiased, l2: agrees with uncertainty-calibration within 1e-10, and is 0 where noise explains all', () => {
    expect(score(debiasedEce({ norm: 'l2' }), memberPrediction(prediction, 0))).toBeCloseTo(golden.calibration.debiased_l2_member0!, 10);
    expect(golden.calibration.debiased_l2_member0).toBeGreaterThan(0.05);
    expect(score(debiasedEce({ norm: 'l2' }))).toBe(golden.calibration.debiased_l2);
  });
  it('debiased, l1: agrees with scipy within 1e-10, and with the 1000 draws of uncertainty-calibration within 0.01', () => {
    expect(score(debiasedEce())).toBeCloseTo(golden.calibration.debiased_l1!, 10);
    expect(Math.abs(score(debiasedEce()) - golden.calibration.debiased_l1_drawn!)).toBeLessThan(0.01);
  });

  it('are exactly 0 on a calibrated set: half of the samples at confidence 1/2 right, all at 1', () => {
    const calibrated = predictionOf(Float32Array.of(0.5, 0.5, 0.5, 0.5, 1, 0), 2);
    const truth = Int32Array.of(0, 1, 0);
    for (const metric of [ece(), ece({ edges: 'quantile', bins: 2 }), ece({ edges: 'freetickets' }), classwiseEce()])
      expect(score(metric, calibrated, truth), metric.name).toBe(0);
  });
  it('debiased, l1: takes sqrt 2 - 1 = 41 % off what is noise alone', () => {
    // A calibrated bin's gap is normal with deviation s, the plain error its mean size s c. Resampled around that gap, deviation s again,
    // the size is s c sqrt 2 on the mean; 2 - sqrt 2 of the plain error remain.
    let plain = 0;
    let debiased = 0;
    for (let trial = 0; trial < 60; trial++) {
      const stream = rng(3).stream('labels', trial);
      const confidence = Float64Array.from({ length: 600 }, (_, n) => 0.5 + n / 1500);
      const probs = Float64Array.from({ length: 1200 }, (_, k) => (k % 2 === 0 ? confidence[k / 2]! : 1 - confidence[(k - 1) / 2]!));
      const truth = Int32Array.from(confidence, (p) => (stream.uniform() < p ? 0 : 1));
      plain += score(ece({ edges: 'quantile' }), predictionOf(probs, 2), truth);
      debiased += score(debiasedEce(), predictionOf(probs, 2), truth);
    }
    expect(Math.abs(debiased / plain - (2 - Math.SQRT2))).toBeLessThan(0.05);
  });
  it('are NaN before the first sample', () => {
    for (const metric of [ece({ edges: 'quantile' }), classwiseEce(), debiasedEce()]) expect(metric.value(), metric.name).toBeNaN();
    expect(calibrationError([])).toBeNaN();
  });
});

describe('reliability bins', () => {
  // Confidences .5 .5 .75 1, the second and the third right.
  const top = { confidence: Float64Array.of(0.5, 0.5, 0.75, 1), correct: Uint8Array.of(0, 1, 1, 0) };

  it('of equal width: a hand table', () =>
    expect(reliabilityBins(top, { bins: 4 })).toEqual([
      { low: 0, high: 0.25, count: 0, confidence: Number.NaN, accuracy: Number.NaN },
      { low: 0.25, high: 0.5, count: 2, confidence: 0.5, accuracy: 0.5 },
      { low: 0.5, high: 0.75, count: 1, confidence: 0.75, accuracy: 1 },
      { low: 0.75, high: 1, count: 1, confidence: 1, accuracy: 0 },
    ]));
  it('of equal mass: the longer runs first', () =>
    expect(reliabilityBins(top, { bins: 3, edges: 'quantile' })).toEqual([
      { low: 0.5, high: 0.5, count: 2, confidence: 0.5, accuracy: 0.5 },
      { low: 0.75, high: 0.75, count: 1, confidence: 0.75, accuracy: 1 },
      { low: 1, high: 1, count: 1, confidence: 1, accuracy: 0 },
    ]));
  it('of equal mass, more bins than samples: one bin for each sample', () =>
    expect(reliabilityBins(top, { bins: 9, edges: 'quantile' }).map(({ count }) => count)).toEqual([1, 1, 1, 1]));
  it('refuse options and arrays that make no sense', () => {
    expect(() => reliabilityBins(top, { bins: 0 })).toThrow('reliabilityBins.bins: expected a whole number from 1 to 16777216, received 0');
    expect(() => reliabilityBins(top, { edges: 'equal' as never })).toThrow(
      'reliabilityBins.edges: expected uniform, quantile or freetickets',
    );
    expect(() => reliabilityBins({ ...top, correct: new Uint8Array(3) })).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
    expect(() => debiasedEce({ norm: 'max' as never })).toThrow('debiasedEce.norm');
  });
});

describe('temperature scaling', () => {
  it('finds the temperatures that scipy finds, within 1e-10', () => {
    const membersFirst = fitTemperatureScaling(memberLogits, labels, 'members-first');
    golden.temperature.members.forEach((expected, m) => {
      expect(membersFirst.temperatures[m]).toBeCloseTo(expected, 10);
    });
    expect(fitTemperatureScaling(memberLogits, labels, 'pool-first').temperatures).toEqual([expect.closeTo(golden.temperature.pool, 10)]);
  });
  it.each(['members-first', 'pool-first'] as const)('%s: probabilities agree with scipy within 1e-10', (order) => {
    const probs = applyTemperatureScaling(fitTemperatureScaling(memberLogits, labels, order), memberLogits, classes);
    const expected = golden.temperature[order === 'members-first' ? 'members_first_probs' : 'pool_first_probs'].flat();
    expected.forEach((value, k) => {
      expect(probs[k]).toBeCloseTo(value, 10);
    });
    expect(probs).toHaveLength(size * classes);
  });
  it('finds ln 9 / ln 3 = 2 for a margin of ln 9 that is right three times out of four', () => {
    // p = 3/4 is the best constant for four such samples, and softmax((ln 9, 0) / 2) = (3/4, 1/4).
    const logits = Float64Array.from({ length: 8 }, (_, k) => (k % 2 === 0 ? Math.log(9) : 0));
    expect(fitTemperature(logits, Int32Array.of(0, 0, 1, 0))).toBeCloseTo(2, 13);
  });
  it('stops at its bounds where the minimum is at infinity', () => {
    expect(fitTemperature(Float64Array.of(1, 0, 0, 1), Int32Array.of(0, 1))).toBeCloseTo(1e-3, 15);
    expect(fitTemperature(Float64Array.of(1, 0, 0, 1), Int32Array.of(1, 0))).toBeCloseTo(1e3, 9);
  });
  it('at temperature 1 gives the mean softmax in either order', () => {
    const mean = softmax(memberLogits[0]!, classes).map(
      (_, k) => memberLogits.reduce((sum, logits) => sum + softmax(logits, classes)[k]!, 0) / memberLogits.length,
    );
    const pool = applyTemperatureScaling({ order: 'pool-first', temperatures: [1] }, memberLogits, classes);
    const members = applyTemperatureScaling({ order: 'members-first', temperatures: [1, 1, 1, 1] }, memberLogits, classes);
    mean.forEach((value, k) => {
      expect(pool[k]).toBeCloseTo(value, 14);
      expect(members[k]).toBeCloseTo(value, 14);
    });
  });
  it('reads logits back from probabilities', () => {
    const probs = softmax(Float64Array.of(3, 1, -2), 3);
    expect([...softmax(logProbabilities(probs), 3)]).toEqual([...probs].map((p) => expect.closeTo(p, 14)));
    expect(logProbabilities(Float32Array.of(0))[0]).toBeCloseTo(-12 * Math.LN10, 12);
  });
  it('does not overflow at logits of 1000', () => expect([...softmax(Float32Array.of(1000, 0), 2)]).toEqual([1, 0]));
  it('refuses what does not fit', () => {
    const scaling = fitTemperatureScaling(memberLogits, labels, 'members-first');
    expect(() => applyTemperatureScaling(scaling, memberLogits.slice(1), classes)).toThrow(
      'scaling.temperatures: expected 3 for 3 members',
    );
    expect(() => fitTemperatureScaling([], labels, 'pool-first')).toThrow('at least one member');
    expect(() => fitTemperatureScaling(memberLogits, labels, 'first' as never)).toThrow('members-first or pool-first');
    expect(() => fitTemperature(Float64Array.of(0, Number.NaN), Int32Array.of(0))).toThrow(expect.objectContaining({ code: 'NON_FINITE' }));
    expect(() => fitTemperature(new Float64Array(7), Int32Array.of(0, 1))).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
  });
});
