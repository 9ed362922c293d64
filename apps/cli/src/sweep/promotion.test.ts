import { describe, expect, it } from 'vitest';
import { promotion } from './promotion.ts';

describe('promotion', () => {
  it('without rungs takes one trial after the other', () => {
    expect(promotion([{ rung: 0, scores: [] }, { scores: [] }, { scores: [] }], 0, 3)).toEqual({ trial: 1, rung: 0 });
    expect(promotion([{ rung: 0, scores: [] }], 0, 3)).toBeUndefined();
  });

  /** Halving over two rungs, by hand: what each trial scores at rung 0 and 1, and the order that follows. */
  it('is the table drawn by hand', () => {
    const score = [[0.5], [0.7, 0.8], [0.9, 0.85], [0.6]];
    const order = [
      [0, 0], // nobody is there
      [1, 0], // of one trial, half is none
      [1, 1], // 0.7 is the better one of two
      [2, 0], // the best of two has gone on already, and of one at rung 1 half is none
      [2, 1], // 0.9 is the best of three
      [2, 2], // 0.85 is the better one of two at rung 1: to the end
      [3, 0], // the best of three has gone on
      undefined, // the best two of four have
    ];
    const trials = score.map(() => ({ rung: undefined as number | undefined, scores: [] as number[] }));
    for (const expected of order) {
      const next = promotion(trials, 2, 2);
      expect(next && [next.trial, next.rung]).toEqual(expected);
      if (!next) continue;
      trials[next.trial]!.rung = next.rung;
      if (next.rung < 2) trials[next.trial]!.scores.push(score[next.trial]![next.rung]!);
    }
  });

  it('prefers the earlier of two that are equal, counts failed trials, and never promotes them', () => {
    const at = (...scores: number[]) => scores.map((score) => ({ rung: 0, scores: [score] }));
    const failed = Number.NEGATIVE_INFINITY;
    expect(promotion(at(0.5, 0.5), 1, 2)).toEqual({ trial: 0, rung: 1 });
    expect(promotion(at(failed, 0.1), 1, 2)).toEqual({ trial: 1, rung: 1 });
    expect(promotion(at(failed, failed), 1, 2)).toBeUndefined();
  });
});
