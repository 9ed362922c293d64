import { combine } from '@freetickets/ensemble';
import { describe, expect, it } from 'vitest';
import { curvesOf, oodHistogram } from './curves.ts';
import type { Outputs } from './members.ts';

/** Two classes; the first has probability `first`. */
function outputs(first: readonly number[], labels: readonly number[]): Outputs {
  const logits = [Float32Array.from(first.flatMap((p) => [Math.log(p), Math.log(1 - p)]))];
  return { labels: Int32Array.from(labels), logits, prediction: combine(logits, 2) };
}

describe('curvesOf', () => {
  const { reliability, riskCoverage, confidence } = curvesOf(outputs([0.99, 0.98, 0.38, 0.52], [0, 1, 1, 0]));

  it('bins by confidence, by hand', () => {
    // 0.52 lies in (7/15, 8/15], 0.62 in (9/15, 10/15], 0.98 (wrong) and 0.99 in the last bin
    expect(reliability.map(({ count, accuracy }) => [count, accuracy])).toEqual([
      [1, 1],
      [1, 1],
      [2, 0.5],
    ]);
    expect(reliability[2]!.confidence).toBeCloseTo(0.985, 6);
  });

  it('has the risk among the surest, by hand', () => {
    expect(riskCoverage.map(({ coverage }) => coverage)).toEqual([0.25, 0.5, 0.75, 1]);
    expect(riskCoverage.map(({ risk }) => risk)).toEqual([0, 1 / 2, 1 / 3, 1 / 4]);
  });

  it('counts right and wrong answers by the largest probability', () => {
    const bins = (counts: readonly number[]) => counts.flatMap((count, bin) => (count > 0 ? [[bin, count]] : []));
    expect(bins(confidence.right)).toEqual([
      [10, 1],
      [12, 1],
      [19, 1],
    ]);
    expect(bins(confidence.wrong)).toEqual([[19, 1]]);
  });

  it('thins a long curve and keeps its end', () => {
    const long = curvesOf(outputs(Array<number>(1000).fill(0.9), Array<number>(1000).fill(0))).riskCoverage;
    expect([long.length, long[0]!.coverage, long.at(-1)!.coverage]).toEqual([200, 0.005, 1]);
  });
});

describe('oodHistogram', () => {
  it('counts both sides', () => {
    const { inside, outside } = oodHistogram(outputs([0.99, 0.01], [0, 1]), outputs([0.51], [0]));
    expect([inside[19], outside[10]]).toEqual([2, 1]);
    expect([inside, outside].map((counts) => counts.reduce((sum, count) => sum + count))).toEqual([2, 1]);
  });
});
