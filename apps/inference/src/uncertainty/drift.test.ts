import { rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { randomMembers } from '../../testing/random-members.ts';
import { byMeasure, countInto, DriftMonitor, referenceOf, stabilityIndex } from './drift.ts';
import { DriftCounter } from './drift-counter.ts';
import { fitCalibration } from './fit-calibration.ts';

const normals = (size: number, shift: number, name: string) => {
  const stream = rng(1).stream(name);
  return Float64Array.from({ length: size }, () => stream.normal() + shift);
};

describe('the reference', () => {
  it('has bins that hold a tenth each, and counts what it was made of into its own shares', () => {
    const values = Float64Array.from({ length: 1000 }, (_, k) => (k * 7) % 1000);
    const reference = referenceOf(values);
    expect(reference.edges).toEqual([100, 200, 300, 400, 500, 600, 700, 800, 900]);
    expect(reference.shares).toEqual(Array(10).fill(0.1));
    expect(countInto(reference, Float64Array.of(-5, 99.9, 100, 950, 5000))).toEqual([2, 1, 0, 0, 0, 0, 0, 0, 0, 2]);
  });
  it('has fewer bins where values are equal', () => {
    const reference = referenceOf(Float64Array.from({ length: 100 }, (_, k) => (k < 90 ? 0 : k)));
    expect(reference.edges).toEqual([90]);
    expect(reference.shares).toEqual([0.9, 0.1]);
  });
});

describe('the stability index', () => {
  it('by hand: half and half against a fifth and four fifths', () => {
    const reference = { edges: [0], shares: [0.5, 0.5] };
    // With 1e6 samples the half sample a bin does not show: (.2 - .5) ln(.2 / .5) + (.8 - .5) ln(.8 / .5) = .4159
    expect(stabilityIndex(reference, [2e5, 8e5])).toBeCloseTo(-0.3 * Math.log(0.4) + 0.3 * Math.log(1.6), 5);
    expect(stabilityIndex(reference, [5e5, 5e5])).toBeCloseTo(0, 12);
  });
  it('is finite for an empty bin', () => {
    expect(stabilityIndex({ edges: [0], shares: [1, 0] }, [0, 10])).toBeLessThan(10);
  });
  it('is small for other samples of the same distribution, and large for a shifted one', () => {
    const reference = referenceOf(normals(5000, 0, 'reference'));
    expect(stabilityIndex(reference, countInto(reference, normals(1000, 0, 'same')))).toBeLessThan(0.05);
    expect(stabilityIndex(reference, countInto(reference, normals(1000, 1, 'other')))).toBeGreaterThan(0.5);
  });
});

describe('DriftMonitor', () => {
  const { probabilities, labels } = randomMembers(3000, 3, 5);
  const calibration = fitCalibration(probabilities, labels);
  const countsOf = (own: typeof probabilities) => {
    const counter = new DriftCounter(calibration);
    counter.add(own);
    return counter.take()!;
  };
  it('stays stable on what it was fitted on, and shifts on uncertain inputs', () => {
    const monitor = new DriftMonitor(calibration.reference);
    expect(monitor.report().state).toBe('collecting');
    monitor.add(countsOf(probabilities));
    expect(monitor.report()).toMatchObject({ state: 'stable', samples: 3000 });
    for (let again = 0; again < 5; again++) monitor.add(countsOf(randomMembers(2500, 3, 5, { sharpness: 0.3 }).probabilities));
    const { state, measures, samples } = monitor.report();
    expect(state).toBe('shifted');
    expect(measures.entropy.psi).toBeGreaterThan(1);
    expect(samples).toBeLessThanOrEqual(10_000);
  });
  it('forgets: it counts the latest answers only, between half a window and a whole one', () => {
    const monitor = new DriftMonitor(calibration.reference, 1000);
    const one = byMeasure((measure) => calibration.reference[measure].shares.map((_, bin) => (bin === 0 ? 100 : 0)));
    for (let k = 1; k <= 30; k++) {
      monitor.add(one);
      const { samples } = monitor.report();
      expect(samples).toBeLessThanOrEqual(1000);
      expect(samples).toBeGreaterThanOrEqual(Math.min(100 * k, 500));
    }
  });
  it('counts each answer once', () => {
    const counter = new DriftCounter(calibration);
    expect(counter.take()).toBeUndefined();
    counter.add(probabilities);
    counter.add(probabilities);
    expect(counter.take()!.confidence.reduce((a, b) => a + b, 0)).toBe(6000);
    expect(counter.take()).toBeUndefined();
  });
});
