import { describe, expect, it } from 'vitest';
import { outputsFrom } from '../../test/outputs.ts';
import { oodOf } from './ood.ts';

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
    const { ensemble, members, samples, name } = oodOf('other', inside, outside, none);
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
    const { ensemble } = oodOf('other', inside, outside, none);
    expect([ensemble.energy!.auroc, ensemble.maxLogit!.auroc, ensemble.maxProbability!.auroc]).toEqual([0, 0, 0.5]);
  });

  it('has no score of members where there is one', () => {
    const alone = outputsFrom([[1, 0]], [0], 2);
    expect(Object.keys(oodOf('other', alone, alone, none).ensemble)).toEqual(['maxProbability', 'entropy', 'energy', 'maxLogit']);
  });
});
