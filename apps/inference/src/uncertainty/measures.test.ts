/** Every tensor equals what @freetickets/metrics says offline, within 1e-6. */
import {
  applyTemperatureScaling,
  calibrateConformal,
  conformalSets,
  disagreement,
  entropyScore,
  logProbabilities,
  maxProbabilityScore,
  mutualInformationScore,
  uncertaintyDecomposition,
  variationRatioScore,
} from '@freetickets/metrics';
import type { Prediction } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { randomMembers } from '../../testing/random-members.ts';
import { OOD_SCORES, parseCalibration, predictorFor } from './calibration.ts';
import { fitCalibration } from './fit-calibration.ts';
import { MEASURE_NAMES, measure } from './measures.ts';
import { type MemberProbabilities, meanOf, take } from './member-probabilities.ts';
import { oodScores } from './ood-scores.ts';

const [SIZE, MEMBERS, CLASSES] = [200, 4, 6];
const { probabilities, labels } = randomMembers(SIZE, MEMBERS, CLASSES);
const calibration = fitCalibration(probabilities, labels);
const levels = { alpha: 0.1, method: 'thr' as const, oodThreshold: calibration.ood.threshold };
const found = measure(MEASURE_NAMES, probabilities, calibration, levels);
const mean = meanOf(probabilities);
const expectNear = (name: string, expected: ArrayLike<number>) => {
  const data = found[name]!.data as Float32Array;
  expect(data.length).toBe(expected.length);
  expect(Math.max(...data.map((value, k) => Math.abs(value - expected[k]!)))).toBeLessThan(1e-6);
};

describe('measures', () => {
  it('total, aleatoric and epistemic uncertainty', () => {
    const { total, aleatoric, epistemic } = uncertaintyDecomposition(probabilities.values, MEMBERS, CLASSES);
    expectNear('predictive_entropy', total);
    expectNear('aleatoric_entropy', aleatoric);
    expectNear('mutual_information', epistemic);
  });
  it('variance of each class over the members, by the formula', () => {
    const value = (m: number, k: number) => probabilities.values[m * SIZE * CLASSES + k]!;
    const expected = Float64Array.from({ length: SIZE * CLASSES }, (_, k) => {
      const all = Array.from({ length: MEMBERS }, (_, m) => value(m, k));
      const average = all.reduce((a, b) => a + b, 0) / MEMBERS;
      return all.reduce((sum, p) => sum + (p - average) ** 2, 0) / MEMBERS;
    });
    expectNear('class_variance', expected);
  });
  it('disagreement of each sample by itself', async () => {
    const expected = await Promise.all(
      Array.from({ length: SIZE }, async (_, n) => {
        const one = take(probabilities, [n], MEMBERS);
        const prediction: Prediction = { ...one, probs: meanOf(one), memberProbs: one.values };
        const metric = disagreement();
        metric.update(prediction, Int32Array.of(0));
        return metric.value();
      }),
    );
    expect(new Set(expected).size).toBeGreaterThan(2);
    expectNear('disagreement', expected);
  });
  it.each(OOD_SCORES)('OOD score %s', (score) => {
    const expected = {
      entropy: () => entropyScore(mean, CLASSES),
      max_probability: () => maxProbabilityScore(mean, CLASSES),
      mutual_information: () => mutualInformationScore(probabilities.values, MEMBERS, CLASSES),
      variation_ratio: () => variationRatioScore(probabilities.values, MEMBERS, CLASSES),
    }[score]();
    expect([...oodScores(score, probabilities)]).toEqual([...expected].map((value) => expect.closeTo(value, 9)));
  });
  it('the OOD threshold refuses its share of the validation data, and no more', () => {
    const refused = (found.ood!.data as Uint8Array).reduce((a, b) => a + b, 0);
    expect(refused).toBe(0.05 * SIZE);
  });
  it.each(['members-first', 'pool-first'] as const)('probabilities after temperature scaling, %s', (order) => {
    const other = fitCalibration(probabilities, labels, { order });
    const { calibrated_probabilities: tensor } = measure(['calibrated_probabilities'], probabilities, other, levels);
    const logs = Array.from({ length: MEMBERS }, (_, m) =>
      logProbabilities(probabilities.values.subarray(m * SIZE * CLASSES, (m + 1) * SIZE * CLASSES)),
    );
    const expected = applyTemperatureScaling(other.temperature, logs, CLASSES);
    const data = tensor!.data as Float32Array;
    expect(Math.max(...data.map((value, k) => Math.abs(value - expected[k]!)))).toBeLessThan(1e-6);
    expect(Math.max(...data.map((value, k) => Math.abs(value - mean[k]!)))).toBeGreaterThan(1e-3);
  });
  it.each(['thr', 'aps', 'raps'] as const)('conformal sets by %s, as fitted offline with nothing drawn at random', (method) => {
    const { conformal_set: tensor } = measure(['conformal_set'], probabilities, calibration, { ...levels, method });
    const predictor = calibrateConformal(mean, labels, { method, alpha: 0.1, randomized: false });
    const { inside } = conformalSets(predictor, mean, CLASSES);
    expect([...(tensor!.data as Uint8Array)]).toEqual([...inside]);
    const covered = labels.reduce((sum, label, n) => sum + inside[n * CLASSES + label]!, 0) / SIZE;
    expect(covered).toBeGreaterThanOrEqual(0.9);
  });
  it('abstains where the input is foreign, and where the set is not one class', () => {
    const sets = found.conformal_set!.data as Uint8Array;
    const expected = Array.from({ length: SIZE }, (_, n) => {
      const size = sets.slice(n * CLASSES, (n + 1) * CLASSES).reduce((a, b) => a + b, 0);
      return size !== 1 || (found.ood!.data as Uint8Array)[n] === 1 ? 1 : 0;
    });
    expect(new Set(expected).size).toBe(2);
    expect([...(found.abstain!.data as Uint8Array)]).toEqual(expected);
  });
  it('of one member: nothing to disagree about', () => {
    const one: MemberProbabilities = take(probabilities, [0, 1, 2], 1);
    const own = measure(['mutual_information', 'disagreement', 'class_variance'], one, undefined, levels);
    for (const { data } of Object.values(own)) expect([...(data as Float32Array)].every((value) => Math.abs(value) < 1e-6)).toBe(true);
  });
});

describe('a calibration', () => {
  it('comes back from JSON as it was', () => {
    expect(parseCalibration(JSON.parse(JSON.stringify(calibration)), 'a.onnx')).toEqual(calibration);
  });
  it('takes the next smaller alpha of the table, and refuses smaller ones than it has', () => {
    expect(predictorFor(calibration.conformal, 'thr', 0.07).alpha).toBe(0.05);
    expect(() => predictorFor(calibration.conformal, 'thr', 1e-4)).toThrow('parameters.alpha: expected a number of at least 0.001');
  });
  it('with too few samples for a level gives sets of every class', () => {
    expect(calibration.conformal.thresholds.aps[0]).toBeNull(); // 201 * 0.999 > 200
    expect(predictorFor(calibration.conformal, 'aps', 0.001).threshold).toBe(Number.POSITIVE_INFINITY);
  });
  it.each<[string, object, string]>([
    ['a newer version', { version: 2 }, 'freetickets.calibration.version'],
    ['no temperature', { temperature: null }, 'freetickets.calibration.temperature.order'],
    ['a threshold that is text', { ood: { score: 'entropy', threshold: '1' } }, 'freetickets.calibration.ood.threshold'],
    ['an unknown score', { ood: { score: 'energy', threshold: 1 } }, 'freetickets.calibration.ood.score'],
    ['a lead above 1', { stopping: { lead: 2 } }, 'freetickets.calibration.stopping.lead'],
    [
      'too few bins',
      { reference: { ...calibration.reference, entropy: { edges: [1, 2], shares: [0.5, 0.5] } } },
      'freetickets.calibration.reference.entropy.shares',
    ],
  ])('is refused with %s', (_, change, at) => {
    expect(() => parseCalibration({ ...calibration, ...change }, 'a.onnx')).toThrow(
      expect.objectContaining({ code: 'BAD_FILE', at: `a.onnx: ${at}` }),
    );
  });
});
