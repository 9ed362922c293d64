import { describe, expect, it } from 'vitest';
import { outputsFrom } from '../../test/outputs.ts';
import { fitOn, holdOut } from './held-out.ts';

const numbers = Array.from({ length: 20 }, (_, n) => n);
const outputs = outputsFrom(
  [numbers.flatMap((n) => [n, 0]), numbers.flatMap((n) => [0, n])],
  numbers.map((n) => n % 2),
  2,
);
const firstLogits = (of: typeof outputs) => Array.from(of.logits[0]!).filter((_, k) => k % 2 === 0);

describe('holdOut', () => {
  it('parts the samples: none is fitted on and reported, none is lost, and each keeps its label', () => {
    const { fit, report, heldOut } = holdOut(outputs, 'test', 0.3, 17);
    expect(heldOut).toEqual({ split: 'test', fraction: 0.3, fitted: 6, reported: 14 });
    expect([...firstLogits(fit), ...firstLogits(report)].sort((a, b) => a - b)).toEqual(numbers);
    for (const part of [fit, report]) expect(Array.from(part.labels)).toEqual(firstLogits(part).map((n) => n % 2));
    expect(report.prediction).toMatchObject({ size: 14, classes: 2, members: 2 });
  });

  it('draws by the seed', () => {
    const held = (seed: number) => firstLogits(holdOut(outputs, 'test', 0.5, seed).fit);
    expect(held(1)).toEqual(held(1));
    expect(held(1)).not.toEqual(held(2));
  });

  it.each([0.01, 0.99])('refuses a share of %d that leaves one part empty', (share) => {
    expect(() => holdOut(outputs, 'test', share, 17)).toThrow(/^--held-out: expected a share that leaves pictures to fit on/);
  });
});

it('another part of the data is fitted on as a whole', () => {
  const { fit, report, heldOut } = fitOn(outputs, 'valid', outputsFrom([[1, 2]], [0], 2));
  expect(heldOut).toEqual({ split: 'valid', fraction: null, fitted: 20, reported: 1 });
  expect([fit.labels.length, report.labels.length]).toEqual([20, 1]);
});
