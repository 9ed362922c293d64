import { describe, expect, it } from 'vitest';
import { golden, labels, prediction } from '../../test/golden.ts';
import { aurc, eAurc, type Metric, predictionOf, riskCoverage, topLabel } from '../index.ts';

function score(metric: Metric, of = prediction, truth = labels): number {
  metric.update(of, truth);
  return metric.value();
}

describe('risk-coverage', () => {
  it('agrees with numpy within 1e-10, and with torch-uncertainty, whose area is by trapezia', () => {
    const { risk, coverage } = riskCoverage(topLabel(prediction.probs, labels));
    golden.selective.risk.forEach((expected, k) => {
      expect(risk[k]).toBeCloseTo(expected, 10);
    });
    const steps = risk.slice(1).map((value, k) => ((value + risk[k]!) / 2) * (coverage[k + 1]! - coverage[k]!));
    const area = steps.reduce((sum, step) => sum + step, 0) / (1 - 1 / risk.length);
    expect(area).toBeCloseTo(golden.selective.trapezoid!, 6); // its coverages are float32
  });
  it('areas agree with numpy within 1e-10', () => {
    expect(score(aurc())).toBeCloseTo(golden.selective.aurc!, 10);
    expect(score(eAurc())).toBeCloseTo(golden.selective.e_aurc!, 10);
    expect(score(eAurc({ optimum: 'exact' }))).toBeCloseTo(golden.selective.e_aurc_exact!, 10);
  });
  it('by hand: right, wrong, right, wrong by falling confidence', () => {
    const curve = riskCoverage({ confidence: Float64Array.of(0.6, 0.9, 0.7, 0.8), correct: Uint8Array.of(0, 1, 1, 0) });
    expect([...curve.coverage]).toEqual([1 / 4, 2 / 4, 3 / 4, 1]);
    expect([...curve.risk]).toEqual([0, 1 / 2, 1 / 3, 2 / 4]);
  });
  it('shares errors among equal confidences, whatever their order', () => {
    for (const correct of [Uint8Array.of(1, 0, 1), Uint8Array.of(0, 1, 1)])
      expect([...riskCoverage({ confidence: Float64Array.of(0.5, 0.5, 0.4), correct }).risk]).toEqual([1 / 2, 1 / 2, 1 / 3]);
  });
  it('has no excess in a perfect order, however few the samples; the published formula is off by its limit', () => {
    // Two right at .9 and .8, one wrong at .6: AURC (0 + 0 + 1/3) / 3; the formula at r = 1/3 says 1/3 + 2/3 ln(2/3).
    const three = predictionOf(Float32Array.of(0.9, 0.1, 0.8, 0.2, 0.6, 0.4), 2);
    const truth = Int32Array.of(0, 0, 1);
    expect(score(aurc(), three, truth)).toBeCloseTo(1 / 9, 15);
    expect(score(eAurc({ optimum: 'exact' }), three, truth)).toBeCloseTo(0, 15);
    expect(score(eAurc(), three, truth)).toBeCloseTo(1 / 9 - (1 / 3 + (2 / 3) * Math.log(2 / 3)), 15);
  });
  it('is the error rate where all confidences are equal, and 1 where all is wrong', () => {
    const same = predictionOf(Float32Array.of(0.75, 0.25, 0.75, 0.25), 2);
    expect(score(aurc(), same, Int32Array.of(0, 1))).toBe(1 / 2);
    expect(score(aurc(), same, Int32Array.of(1, 1))).toBe(1);
    expect(score(eAurc(), same, Int32Array.of(1, 1))).toBe(0);
  });
  it('refuses what does not fit', () => {
    expect(() => riskCoverage({ confidence: new Float64Array(0), correct: new Uint8Array(0) })).toThrow('at least one');
    expect(() => eAurc({ optimum: 'best' as never })).toThrow('eAurc.optimum: expected formula or exact');
  });
});
