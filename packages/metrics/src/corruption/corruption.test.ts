import { corruptionNames, mainCorruptions } from '@freetickets/sparse-core';
import { describe, expect, it } from 'vitest';
import { accuracy, collect, ece, meanCorruptionError, nll, predictionOf, summarizeCorruptions } from '../index.ts';

const metrics = () => collect({ accuracy: accuracy(), nll: nll(), ece: ece() });

/** A cell of two samples at confidence 3/4, of which `right` are right. */
function cell(corruption: string, severity: number, right: 0 | 1 | 2) {
  const own = metrics();
  own.update(predictionOf(Float32Array.of(0.75, 0.25, 0.75, 0.25), 2), Int32Array.of(right > 0 ? 0 : 1, right > 1 ? 0 : 1));
  return { corruption, severity, metrics: own };
}

describe('corruption summary', () => {
  it('by hand: over- and under-confidence cancel in the pool and not in the mean of cells', () => {
    // Accuracy 1 and 1/2 at confidence 3/4: gaps +1/4 and -1/4.
    const { all, of15 } = summarizeCorruptions([cell('fog', 1, 2), cell('fog', 2, 1)], metrics);
    const loss = (-3 * Math.log(0.75) - Math.log(0.25)) / 4;
    expect(all).toEqual({
      cells: 2,
      pooled: { accuracy: 3 / 4, nll: expect.closeTo(loss, 14), ece: 0 },
      cellMean: { accuracy: 3 / 4, nll: expect.closeTo(loss, 14), ece: 1 / 4 },
    });
    expect(of15).toBeUndefined();
  });
  it('sums over 15 and 19 corruptions apart', () => {
    const cells = corruptionNames.flatMap((name, c) => [1, 2, 3, 4, 5].map((severity) => cell(name, severity, c < 15 ? 2 : 0)));
    const { all, of15, of19 } = summarizeCorruptions(cells, metrics);
    expect(of15).toMatchObject({ cells: 75, cellMean: { accuracy: 1 } });
    expect(of19).toMatchObject({ cells: 95, cellMean: { accuracy: 15 / 19 } });
    expect(of19!.pooled.accuracy).toBeCloseTo(15 / 19, 15);
    expect(all).toEqual(of19);
    expect(new Set(corruptionNames).size).toBe(19);
    expect(mainCorruptions).toHaveLength(15);
  });
  it('leaves the cells as they were', () => {
    const one = cell('snow', 3, 1);
    const before = one.metrics.value();
    summarizeCorruptions([one, cell('snow', 4, 2)], metrics);
    expect(one.metrics.value()).toEqual(before);
  });
  it('refuses a severity of 6, a cell given twice, and no cell', () => {
    expect(() => summarizeCorruptions([cell('fog', 6, 1)], metrics)).toThrow(
      'cells[0].severity: expected a whole number from 1 to 5, received 6',
    );
    expect(() => summarizeCorruptions([cell('fog', 1, 1), cell('fog', 1, 2)], metrics)).toThrow('cells[1]: expected each cell once');
    expect(() => summarizeCorruptions([], metrics)).toThrow('at least one cell');
  });
});

describe('mean corruption error', () => {
  const baseline = { clean: 0.2, byCorruption: { fog: [0.3, 0.5], snow: [0.4, 0.4] } };
  it('by hand', () => {
    const model = { clean: 0.1, byCorruption: { fog: [0.2, 0.2], snow: [0.3, 0.5] } };
    const found = meanCorruptionError(model, baseline);
    expect(found.byCorruption).toEqual({ fog: expect.closeTo(0.4 / 0.8, 14), snow: expect.closeTo(0.8 / 0.8, 14) });
    expect(found.mce).toBeCloseTo((0.5 + 1) / 2, 14);
    expect(found.relativeMce).toBeCloseTo((0.2 / 0.4 + 0.6 / 0.4) / 2, 14);
  });
  it('is 1 against itself', () => expect(meanCorruptionError(baseline, baseline)).toMatchObject({ mce: 1, relativeMce: 1 }));
  it('refuses tables of different cells', () => {
    expect(() => meanCorruptionError({ clean: 0, byCorruption: { fog: [0.1, 0.2] } }, baseline)).toThrow('baseline.byCorruption: expected');
    const short = { clean: 0, byCorruption: { fog: [0.1], snow: [0.1, 0.2] } };
    expect(() => meanCorruptionError(short, baseline)).toThrow('baseline.byCorruption.fog: expected 1 severities, received 2');
  });
});
