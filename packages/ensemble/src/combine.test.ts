import { describe, expect, it } from 'vitest';
import { combine } from './index.ts';

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  expected.forEach((value, k) => {
    expect(actual[k]).toBeCloseTo(value, 7);
  });
}

describe('combine', () => {
  // Two classes: softmax is the sigmoid of the difference. Member 0 is very sure of class 0, member 1 fairly sure of class 1.
  const [sure, fair] = [Float32Array.of(8, 0), Float32Array.of(0, 2)];

  it('acceptance 11: averages probabilities: one vote each', () => {
    const { probs, memberProbs, members, size } = combine([sure, fair, fair], 2);
    expect([members, size]).toEqual([3, 1]);
    expectClose(memberProbs, [sigmoid(8), sigmoid(-8), sigmoid(-2), sigmoid(2), sigmoid(-2), sigmoid(2)]);
    const first = (sigmoid(8) + 2 * sigmoid(-2)) / 3;
    expectClose(probs, [first, 1 - first]);
    expect(probs[0]).toBeLessThan(0.5);
  });
  it('acceptance 11: averages logits when asked, and then the surer member wins', () => {
    const { probs, memberProbs } = combine([sure, fair, fair], 2, { combine: 'logits' });
    expectClose(probs, [sigmoid((8 - 2 - 2) / 3), sigmoid(-(8 - 2 - 2) / 3)]);
    expect(probs[0]).toBeGreaterThan(0.5);
    expectClose(memberProbs.subarray(0, 2), [sigmoid(8), sigmoid(-8)]);
  });
  it('acceptance 11: makes two members disagree in their mode of combination', () => {
    // logits 6 : 0 and 0 : 1 over three classes, the third taking what is left.
    const [a, b] = [Float32Array.of(3, 0, 0), Float32Array.of(-9, 4, 0)];
    const soft = (x: number, all: readonly number[]) => Math.exp(x) / all.reduce((sum, y) => sum + Math.exp(y), 0);
    const byProbability = [0, 1, 2].map((c) => (soft(a[c]!, [...a]) + soft(b[c]!, [...b])) / 2);
    const byLogit = [0, 1, 2].map((c) => soft((a[c]! + b[c]!) / 2, [-3, 2, 0]));
    expectClose(combine([a, b], 3).probs, byProbability);
    expectClose(combine([a, b], 3, { combine: 'logits' }).probs, byLogit);
    expect(Math.abs(byProbability[0]! - byLogit[0]!)).toBeGreaterThan(0.4);
  });
  it('scales weights to sum to 1', () => {
    const first = 0.75 * sigmoid(8) + 0.25 * sigmoid(-2);
    expectClose(combine([sure, fair], 2, { weights: [3, 1] }).probs, [first, 1 - first]);
    const logit = 0.75 * 8 - 0.25 * 2;
    expectClose(combine([sure, fair], 2, { weights: [3, 1], combine: 'logits' }).probs, [sigmoid(logit), sigmoid(-logit)]);
    expectClose(combine([sure, fair], 2, { weights: [0, 2] }).probs, [sigmoid(-2), sigmoid(2)]);
  });
  it('does not overflow at logits of a thousand', () => {
    expectClose(combine([Float32Array.of(1000, 999, -1000)], 3).probs, [sigmoid(1), sigmoid(-1), 0]);
  });
  it('lays out members, then samples, then classes', () => {
    const logits = [Float32Array.of(0, 1, 0, 2), Float32Array.of(0, 3, 0, 4)];
    expectClose(
      combine(logits, 2).memberProbs.filter((_, k) => k % 2 === 1),
      [1, 2, 3, 4].map(sigmoid),
    );
  });
});

describe('what combine refuses', () => {
  const one = Float32Array.of(1, 2);
  const cases: readonly (readonly [string, () => unknown, string, string])[] = [
    ['no members', () => combine([], 2), 'INVALID_ARGUMENT', 'memberLogits'],
    ['half a sample', () => combine([Float32Array.of(1, 2, 3)], 2), 'SHAPE_MISMATCH', 'memberLogits[0]'],
    ['members of different length', () => combine([one, Float32Array.of(1, 2, 3, 4)], 2), 'SHAPE_MISMATCH', 'memberLogits[1]'],
    ['a logit that is not a number', () => combine([one, Float32Array.of(1, Number.NaN)], 2), 'NON_FINITE', 'memberLogits[1][1]'],
    ['too few weights', () => combine([one, one], 2, { weights: [1] }), 'INVALID_ARGUMENT', 'weights'],
    ['a negative weight', () => combine([one, one], 2, { weights: [1, -1] }), 'INVALID_ARGUMENT', 'weights[1]'],
    ['weights that are all zero', () => combine([one, one], 2, { weights: [0, 0] }), 'INVALID_ARGUMENT', 'weights'],
    ['an unknown mode', () => combine([one], 2, { combine: 'median' as never }), 'INVALID_ARGUMENT', 'combine'],
    ['no classes', () => combine([one], 0), 'INVALID_ARGUMENT', 'classes'],
  ];
  it.each(cases)('%s', (_, call, code, at) => {
    expect(call).toThrow(expect.objectContaining({ code, at }));
  });
});
