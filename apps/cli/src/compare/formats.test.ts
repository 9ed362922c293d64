import { describe, expect, it } from 'vitest';
import { columnsFor } from './columns.ts';
import { type Comparison, comparisonCsv, comparisonLatex, comparisonTable, csv, latex } from './formats.ts';
import type { ComparedRun } from './read-run.ts';

const columns = columnsFor([]).filter(({ id }) => ['accuracy', 'nll', 'cAcc', 'parameters'].includes(id));
const row = (label: string, accuracy: number, nll: number) => ({
  label,
  seeds: [1, 2],
  runs: [{}, {}] as ComparedRun[],
  cells: {
    accuracy: { value: accuracy, low: accuracy - 0.0125, high: accuracy + 0.0125 },
    nll: { value: nll, low: null, high: null },
    parameters: { value: 1000, low: 1000, high: 1000 },
  },
});
const comparison: Comparison = {
  by: ['method'],
  columns,
  rows: [row('edst, "a"', 0.975, 0.1), row('100%_b', 0.95, 0.1)],
  tests: [],
  notes: ['a note'],
};

describe('a comparison as text', () => {
  it('is a table with half of the interval, a dash for what is missing, and notes', () => {
    const [header, , first, , blank, note] = comparisonTable(comparison).split('\n');
    expect(header!.split(/ {2,}/)).toEqual(['method', 'seeds', 'accuracy %', 'NLL', 'cAcc %', 'parameters']);
    expect(first!.split(/ {2,}/)).toEqual(['edst, "a"', '2', '97.50 ± 1.25', '0.1000', '-', '1000']);
    expect([blank, note]).toEqual(['', 'a note']);
  });

  it('is LaTeX with the best in bold, unless all are alike', () => {
    expect(comparisonLatex(comparison)).toBe(
      [
        '% a note',
        '\\begin{tabular}{lrrrrr}',
        '\\toprule',
        'method & seeds & accuracy \\% & NLL & cAcc \\% & parameters \\\\',
        '\\midrule',
        'edst, "a" & 2 & \\textbf{97.50 $\\pm$ 1.25} & 0.1000 & -- & 1000 \\\\',
        '100\\%\\_b & 2 & 95.00 $\\pm$ 1.25 & 0.1000 & -- & 1000 \\\\',
        '\\bottomrule',
        '\\end{tabular}',
      ].join('\n'),
    );
  });

  it('is CSV with one figure a line, and the tests beside it', () => {
    const test = {
      row: '100%_b',
      against: 'edst, "a"',
      figure: 'nll',
      difference: 0.5,
      low: 0.25,
      high: 0.75,
      pT: 0.1,
      pWilcoxon: 0.2,
      pSign: 0.3,
    };
    const lines = comparisonCsv({ ...comparison, tests: [test] }).split('\n');
    expect(lines).toHaveLength(1 + 2 * 4);
    expect(lines[0]).toBe('row,seeds,figure,value,low,high,difference,differenceLow,differenceHigh,pT,pWilcoxon,pSign');
    expect(lines[2]).toBe('"edst, ""a""",1 2,nll,0.1,,,,,,,,');
    expect(lines[3]).toBe('"edst, ""a""",1 2,cAcc,,,,,,,,,');
    expect(lines[6]).toBe('100%_b,1 2,nll,0.1,,,0.5,0.25,0.75,0.1,0.2,0.3');
  });

  it.each([
    ['plain', 'plain'],
    ['a,b', '"a,b"'],
    ['say "so"', '"say ""so"""'],
    ['two\nlines', '"two\nlines"'],
    [0, '0'],
    [null, ''],
  ])('CSV: %j is %s', (value, text) => {
    expect(csv(value)).toBe(text);
  });

  it.each([
    ['50 % & $5', '50 \\% \\& \\$5'],
    ['a_b#{c}', 'a\\_b\\#\\{c\\}'],
    ['a\\b~c^d', 'a\\textbackslash{}b\\textasciitilde{}c\\textasciicircum{}d'],
    ['1 ± 2', '1 $\\pm$ 2'],
  ])('LaTeX: %s is %s', (text, escaped) => {
    expect(latex(text)).toBe(escaped);
  });
});
