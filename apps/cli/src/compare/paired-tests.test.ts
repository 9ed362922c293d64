import { describe, expect, it } from 'vitest';
import { columnsFor } from './columns.ts';
import { pairedTests } from './paired-tests.ts';
import type { ComparedRun } from './read-run.ts';
import type { Row } from './rows.ts';

const columns = columnsFor([]).filter(({ id }) => id === 'seconds' || id === 'parameters');
const row = (label: string, bySeed: Readonly<Record<number, number>>): Row => ({
  label,
  seeds: Object.keys(bySeed).map(Number),
  runs: Object.values(bySeed).map((seconds) => ({ seconds, parameters: 1 }) as ComparedRun),
  cells: {},
});

describe('pairedTests', () => {
  it('takes differences seed by seed, by hand, of figures that vary', () => {
    const tests = pairedTests([row('edst', { 1: 10, 2: 20, 3: 30 }), row('dense', { 1: 11, 2: 22, 3: 33 })], 'edst', columns);
    // differences 1, 2, 3: mean 2, deviation 1, t = 2 sqrt(3) with 2 degrees of freedom: p = 1 - t / sqrt(t^2 + 2)
    const t = 2 * Math.sqrt(3);
    const half = 4.302653 / Math.sqrt(3);
    expect(tests).toEqual([
      {
        row: 'dense',
        against: 'edst',
        figure: 'seconds',
        difference: 2,
        low: expect.closeTo(2 - half, 5),
        high: expect.closeTo(2 + half, 5),
        pT: expect.closeTo(1 - t / Math.sqrt(t * t + 2), 10),
        pWilcoxon: expect.closeTo(2 / 8, 12), // one of the eight choices of signs on either side
        pSign: expect.closeTo(2 / 8, 12),
      },
    ]);
  });

  it.each([
    [
      [row('edst', { 1: 1, 2: 2 }), row('dense', { 1: 1, 2: 2 })],
      'dens',
      '--against: expected one of the rows edst; dense, received "dens". Did you mean dense?',
    ],
    [
      [row('edst', { 1: 1, 2: 2 }), row('dense', { 1: 1, 3: 2 })],
      'edst',
      '--against: expected the seeds of edst (1, 2) in every row, because the tests are paired, received 1, 3 in dense',
    ],
    [
      [row('edst', { 1: 1 }), row('dense', { 1: 1 })],
      'edst',
      '--against: expected at least two seeds, because one difference has no spread',
    ],
  ])('refuses what is not paired', (rows, against, sentence) => {
    expect(() => pairedTests(rows, against, columns)).toThrow(sentence);
  });
});
