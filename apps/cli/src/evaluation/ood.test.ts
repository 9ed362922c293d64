import { describe, expect, it } from 'vitest';
import { outputsFrom } from '../../test/outputs.ts';
import { neighbourDistances, oodOf } from './ood.ts';

const none = { resamples: 0, seed: 0 };

describe('oodOf', () => {
  it('tells sure from unsure by every score, and members by their own', () => {
    const inside = outputsFrom(
      [
        [9, 0, 0, 9],
        [9, 0, 0, 9],
      ],
      [0, 1],
      2,
    );
    // The members are sure of different classes: the mean is unsure, no member is.
    const outside = outputsFrom(
      [
        [9, 0, 9, 0],
        [0, 9, 0, 9],
      ],
      [0, 0],
      2,
    );
    const { ensemble, members, samples, name } = oodOf('other', { outputs: inside }, { outputs: outside }, none);
    expect([name, samples]).toEqual(['other', 2]);
    for (const score of ['maxProbability', 'entropy', 'energy', 'maxLogit', 'mutualInformation', 'variationRatio'] as const)
      expect(ensemble[score], score).toMatchObject({ auroc: 1, auprOut: 1, auprIn: 1, fpr95Out: 0, fpr95In: 0 });
    for (const member of members) expect(member.auroc).toBe(0.5);
  });

  it('takes energy and max logit from the mean of the logits', () => {
    // Mean logits are (1, -1) inside and (3, 1) outside: the same probabilities, and by both scores the outside looks more familiar.
    const inside = outputsFrom(
      [
        [2, 0],
        [0, -2],
      ],
      [0],
      2,
    );
    const outside = outputsFrom(
      [
        [4, 2],
        [2, 0],
      ],
      [0],
      2,
    );
    const { ensemble } = oodOf('other', { outputs: inside }, { outputs: outside }, none);
    expect([ensemble.energy!.auroc, ensemble.maxLogit!.auroc, ensemble.maxProbability!.auroc]).toEqual([0, 0, 0.5]);
  });

  it('has no score of members where there is one', () => {
    const alone = { outputs: outputsFrom([[1, 0]], [0], 2) };
    expect(Object.keys(oodOf('other', alone, alone, none).ensemble)).toEqual(['maxProbability', 'entropy', 'energy', 'maxLogit']);
  });

  it('has the score by neighbours where distances are given, and intervals around every figure', () => {
    const outputs = outputsFrom([[1, 0, 0, 1, 2, 0, 0, 2]], [0, 1, 0, 1], 2);
    const near = { outputs, distances: Float64Array.of(0.1, 0.2, 0.3, 0.9) };
    const far = { outputs, distances: Float64Array.of(0.4, 0.8, 1, 1.2) };
    const { nearestNeighbour } = oodOf('other', near, far, { resamples: 50, seed: 1 }).ensemble;
    expect(nearestNeighbour!.auroc).toBe(14 / 16); // 0.9 is farther than 0.4 and 0.8
    const { low, high } = nearestNeighbour!.intervals!.auroc!;
    expect([low! < 14 / 16, high]).toEqual([true, 1]);
    expect(Object.keys(nearestNeighbour!.intervals!)).toEqual(['auroc', 'auprOut', 'auprIn', 'fpr95Out', 'fpr95In']);
  });
});

it('neighbourDistances are those of unit vectors, the mean over members', () => {
  const width = 2;
  // Directions 0 and 90 degrees in the first member's bank; the second member has 0 and 180. The picture lies at 0 degrees in both.
  const bank = [Float32Array.of(5, 0, 0, 3), Float32Array.of(1, 0, -2, 0)].map((values) => ({ values, width }));
  const picture = [Float32Array.of(7, 0), Float32Array.of(0.5, 0)].map((values) => ({ values, width }));
  expect([...neighbourDistances(picture, bank, 1)]).toEqual([0]);
  expect([...neighbourDistances(picture, bank, 2)]).toEqual([expect.closeTo((Math.SQRT2 + 2) / 2, 12)]);
});
