import { rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { golden, labels, prediction } from '../../test/golden.ts';
import { type ConformalMethod, calibrateConformal, conformalSets, softmax, summarizeSets } from '../index.ts';
import { conformalScores } from './conformal-score.ts';

const METHODS: readonly ConformalMethod[] = ['thr', 'aps', 'raps'];
const rule = { randomized: false, penalty: 0.07, freeRanks: 2 };

describe('conformal sets', () => {
  it.each(METHODS)('%s: scores agree with torch-uncertainty, threshold and sets with numpy, within 1e-10', (method) => {
    const expected = golden.conformal[method];
    const row = new Float64Array(prediction.classes);
    expected.scores.forEach((scores, n) => {
      conformalScores({ ...rule, method }, prediction.probs, n * prediction.classes, 0, row);
      expect([...row]).toEqual(scores.map((score) => expect.closeTo(score, 10)));
    });
    const predictor = calibrateConformal(prediction.probs, labels, { ...rule, method, alpha: 0.2 });
    expect(predictor.threshold).toBeCloseTo(expected.threshold, 10);
    expect([...conformalSets(predictor, prediction.probs, prediction.classes).sizes]).toEqual(expected.sizes);
  });
  it('thr by hand: nine labels at .1 to .9, alpha .2: the 8th smallest of 1 - p is .8, so classes from .2 on', () => {
    const probs = Float64Array.from({ length: 18 }, (_, k) => (k % 2 === 0 ? (k / 2 + 1) / 10 : 1 - (k / 2 + 0.5) / 10));
    const predictor = calibrateConformal(probs, new Int32Array(9), { method: 'thr', alpha: 0.2 });
    expect(predictor.threshold).toBeCloseTo(0.8, 15);
    const sets = conformalSets(predictor, Float64Array.of(0.15, 0.25, 0.6), 3);
    expect([...sets.inside]).toEqual([0, 1, 1]);
    expect(summarizeSets(sets, Int32Array.of(0))).toEqual({ coverage: 0, meanSize: 2, emptyShare: 0 });
  });
  it('aps by hand: a share of the own probability with randomisation, all of it without', () => {
    const row = new Float64Array(3);
    conformalScores({ ...rule, method: 'aps', randomized: true }, Float64Array.of(0.25, 0.5, 0.25), 0, 0.5, row);
    expect([...row]).toEqual([0.5 + 0.125, 0.25, 0.75 + 0.125]); // of equal classes the lower ranks first
    conformalScores({ ...rule, method: 'raps', randomized: true }, Float64Array.of(0.25, 0.5, 0.25), 0, 0.5, row);
    expect([...row]).toEqual([0.625, 0.25, 0.875 + 0.07]);
  });
  it('is every class where there are too few samples for the level', () => {
    const predictor = calibrateConformal(Float64Array.of(0.9, 0.1), Int32Array.of(0), { alpha: 0.1 });
    expect(predictor.threshold).toBe(Number.POSITIVE_INFINITY);
    expect([...conformalSets(predictor, Float64Array.of(1, 0), 2).inside]).toEqual([1, 1]);
  });
  it('does not depend on how samples are cut into batches', () => {
    const predictor = calibrateConformal(prediction.probs, labels, { alpha: 0.3, seed: 4 });
    const { classes, probs } = prediction;
    const whole = conformalSets(predictor, probs, classes);
    const first = conformalSets(predictor, probs.subarray(0, 20 * classes), classes);
    const rest = conformalSets(predictor, probs.subarray(20 * classes), classes, 20);
    expect([...first.inside, ...rest.inside]).toEqual([...whole.inside]);
    const other = conformalSets({ ...predictor, seed: 5 }, probs, classes);
    expect([...other.inside]).not.toEqual([...whole.inside]);
  });

  /** Labels drawn from other probabilities than the model's: conformal sets must not need a good model. */
  function draw(trial: number, part: string, size: number) {
    const stream = rng(11).stream(part, trial);
    const logits = Float64Array.from({ length: size * 4 }, () => 2 * stream.normal());
    const truth = softmax(logits, 4, 3);
    const drawn = Int32Array.from({ length: size }, (_, n) => {
      let left = stream.uniform();
      let c = 0;
      for (; c < 3 && left >= truth[n * 4 + c]!; c++) left -= truth[n * 4 + c]!;
      return c;
    });
    return { probs: softmax(logits, 4), drawn };
  }
  it.each(METHODS)('%s: covers 1 - alpha = 0.8 on the mean of 150 draws, and less than 1 / (n + 1) above', (method) => {
    const TRIALS = 150;
    let sum = 0;
    for (let trial = 0; trial < TRIALS; trial++) {
      const calibration = draw(trial, 'calibration', 49);
      const test = draw(trial, 'test', 40);
      const predictor = calibrateConformal(calibration.probs, calibration.drawn, { method, alpha: 0.2, seed: trial });
      sum += summarizeSets(conformalSets(predictor, test.probs, 4), test.drawn).coverage;
    }
    // A trial's coverage has variance .16 / 40 + .16 / 51 = .0071: four standard errors of the mean of 150 are .028.
    expect(sum / TRIALS).toBeGreaterThan(0.8 - 0.028);
    expect(sum / TRIALS).toBeLessThan(0.8 + 1 / 50 + 0.028);
  });
  it('refuses options and labels that make no sense', () => {
    const probs = Float64Array.of(0.5, 0.5);
    const truth = Int32Array.of(0);
    expect(() => calibrateConformal(probs, truth, { alpha: 1 })).toThrow('conformal.alpha: expected a number between 0 and 1');
    expect(() => calibrateConformal(probs, truth, { method: 'lac' as never })).toThrow('conformal.method: expected thr, aps or raps');
    expect(() => calibrateConformal(probs, truth, { penalty: -1 })).toThrow('conformal.penalty');
    expect(() => calibrateConformal(probs, truth, { freeRanks: 0.5 })).toThrow('conformal.freeRanks');
    expect(() => calibrateConformal(probs, Int32Array.of(2))).toThrow('labels[0]: expected a class from 0 to 1');
    const sets = conformalSets(calibrateConformal(probs, truth), probs, 2);
    expect(() => summarizeSets(sets, Int32Array.of(0, 1))).toThrow(expect.objectContaining({ code: 'SHAPE_MISMATCH' }));
  });
});
