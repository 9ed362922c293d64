import { corruptionNames, rng } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import {
  accuracy,
  brier,
  collect,
  ece,
  nll,
  predictionOf,
  resampledCell,
  resampledCorruptions,
  softmax,
  summarizeCorruptions,
  takeRows,
} from '../index.ts';

const SIZE = 30;
const metrics = () =>
  collect({ accuracy: accuracy(), nll: nll(), brier: brier(), ece: ece(), eceFreetickets: ece({ edges: 'freetickets' }) });
const labels = Int32Array.from({ length: SIZE }, (_, n) => n % 3);
const drawn = (corruption: string, severity: number) => {
  const stream = rng(2).stream(corruption, severity);
  return {
    corruption,
    severity,
    prediction: predictionOf(
      softmax(
        Float64Array.from({ length: SIZE * 3 }, () => stream.normal()),
        3,
      ),
      3,
    ),
  };
};

describe('resampledCorruptions', () => {
  it.each([
    ['all pictures', (k: number) => k],
    ['with repetitions', (k: number) => (k * k) % SIZE],
  ])('is what the metrics say of the same pictures in every cell: %s', (_, rowOf) => {
    const rows = Uint32Array.from({ length: SIZE }, (_, k) => rowOf(k));
    const cells = corruptionNames.slice(0, 15).flatMap((name) => [1, 2, 3, 4, 5].map((severity) => drawn(name, severity)));
    const found = resampledCorruptions(cells.map(({ prediction, ...cell }) => ({ ...cell, cell: resampledCell(prediction, labels) })))(
      rows,
    );
    const own = cells.map(({ prediction, ...cell }) => {
      const measured = metrics();
      measured.update(
        takeRows(prediction, rows),
        Int32Array.from(rows, (n) => labels[n]!),
      );
      return { ...cell, metrics: measured };
    });
    const { all, of15 } = summarizeCorruptions(own, metrics);
    const expected: [string, Readonly<Record<string, number>>][] = [
      ['all.pooled', all.pooled],
      ['all.cellMean', all.cellMean],
      ['of15.cellMean', of15!.cellMean],
      ...own.map((cell): [string, Record<string, number>] => [`${cell.corruption}.${cell.severity}`, cell.metrics.value()]),
    ];
    for (const [place, figures] of expected)
      for (const [name, value] of Object.entries(figures)) expect(found[`${place}.${name}`], `${place}.${name}`).toBeCloseTo(value, 10);
    expect(found).not.toHaveProperty(['of19.pooled.nll']);
  });

  it('lets a published confidence above 1 fall out of the sum of 14 bins', () => {
    const above = predictionOf(Float32Array.of(1 + 2 ** -20, 0), 2);
    const figures = resampledCorruptions([{ corruption: 'fog', severity: 1, cell: resampledCell(above, Int32Array.of(1)) }])(
      Uint32Array.of(0),
    );
    expect(figures['fog.1.ece']).toBeCloseTo(1, 5);
    expect(figures['fog.1.eceFreetickets']).toBe(0);
  });
});
