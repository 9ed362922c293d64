import { describe, expect, it } from 'vitest';
import { outputsFrom } from '../../test/outputs.ts';
import { calibrationOf } from './calibration.ts';
import { conformalOf } from './conformal.ts';
import { fitOn } from './held-out.ts';

const none = { resamples: 0, seed: 0 };
const three = Math.log(3);

describe('calibrationOf', () => {
  it('finds the temperature at which the probabilities are the frequencies of the labels', async () => {
    // logits 2 ln 3 and 0 say 0.9; three of four labels are of class 0, so at T = 2 the probability is 3/4
    const fit = outputsFrom([[2 * three, 0, 2 * three, 0, 2 * three, 0, 2 * three, 0]], [0, 0, 0, 1], 2);
    const report = outputsFrom([[2 * three, 0]], [0], 2);
    const calibration = await calibrationOf(fitOn(fit, 'valid', report), none);
    expect(calibration.uncalibrated.nll).toBeCloseTo(-Math.log(0.9), 6);
    for (const { temperatures, scores } of [calibration.membersFirst, calibration.poolFirst]) {
      expect(temperatures).toEqual([expect.closeTo(2, 5)]);
      expect(scores.nll).toBeCloseTo(-Math.log(0.75), 6);
    }
    expect(calibration.members).toEqual([expect.objectContaining({ nll: expect.closeTo(-Math.log(0.75), 6) })]);
  });

  it('scales members first or their mean first, which are not the same', async () => {
    // One member says 0.9, the other 0.5. Alone each is best at the frequency of 3/4: T = 2 for the first; the second says nothing at any T.
    const logits = [2 * three, 0, 2 * three, 0, 2 * three, 0, 2 * three, 0];
    const fit = outputsFrom([logits, logits.map(() => 0)], [0, 0, 0, 1], 2);
    const { membersFirst, poolFirst } = await calibrationOf(
      fitOn(
        fit,
        'valid',
        outputsFrom(
          [
            [2 * three, 0],
            [0, 0],
          ],
          [0],
          2,
        ),
      ),
      none,
    );
    expect(membersFirst.temperatures[0]).toBeCloseTo(2, 5);
    expect(membersFirst.scores.nll).toBeCloseTo(-Math.log((0.75 + 0.5) / 2), 6);
    // The mean says 0.7, that is ln(7/3) as a logit; it is to say 3/4, that is ln 3.
    expect(poolFirst.temperatures).toEqual([expect.closeTo(Math.log(7 / 3) / three, 5)]);
    expect(poolFirst.scores.nll).toBeCloseTo(-Math.log(0.75), 5);
  });

  it('has intervals where resamples are asked for', async () => {
    const outputs = outputsFrom([[1, 0, 0, 1, 1, 0, 2, 0]], [0, 1, 1, 0], 2);
    const { poolFirst } = await calibrationOf(fitOn(outputs, 'valid', outputs), { resamples: 20, seed: 1 });
    const { low, high } = poolFirst.scores.intervals!.nll!;
    expect(low).toBeLessThanOrEqual(poolFirst.scores.nll);
    expect(high).toBeGreaterThanOrEqual(poolFirst.scores.nll);
  });
});

describe('conformalOf', () => {
  it('takes the threshold that the level asks for: THR by hand', () => {
    // Scores 1 - p(label) of nine samples: 0.1 .. 0.9; rank ceil(10 * 0.8) = 8 is 0.8, so classes of at least 0.2 are in the sets.
    const logits = (p: number) => [Math.log(p), Math.log(1 - p)];
    const fit = outputsFrom([[1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((k) => logits(1 - k / 10))], Array(9).fill(0), 2);
    const report = outputsFrom([[...logits(0.9), ...logits(0.7), ...logits(0.15)]], [0, 1, 0], 2);
    const { thr, heldOut, level } = conformalOf(fitOn(fit, 'valid', report), 0.8, { resamples: 30, seed: 17 });
    expect([heldOut.fitted, level]).toEqual([9, 0.8]);
    // {0}, {0, 1}, {1}: the label is in the first two
    expect(thr).toMatchObject({ threshold: expect.closeTo(0.8, 6), coverage: 2 / 3, meanSize: 4 / 3, emptyShare: 0 });
    expect(thr.intervals!.emptyShare).toEqual({ low: 0, high: 0 });
    expect(thr.intervals!.coverage!.low).toBeLessThan(2 / 3);
  });

  it('says null where too few samples allow no threshold: every class is in every set', () => {
    const outputs = outputsFrom([[1, 0, 0, 1]], [0, 1], 2);
    const { thr, aps, raps } = conformalOf(fitOn(outputs, 'valid', outputs), 0.9, none);
    for (const sets of [thr, aps, raps]) expect(sets).toEqual({ threshold: null, coverage: 1, meanSize: 2, emptyShare: 0 });
  });
});
