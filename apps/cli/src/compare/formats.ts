/** A comparison as text: a table for a terminal, LaTeX for a paper, CSV for a spreadsheet. */
import { table } from '../text.ts';
import type { Column } from './columns.ts';
import type { PairedTest } from './paired-tests.ts';
import type { Cell, Row } from './rows.ts';

export interface Comparison {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
  readonly tests: readonly PairedTest[];
  readonly notes: readonly string[];
  /** Fields that rows are grouped by; none: a row is a run. */
  readonly by: readonly string[];
}

/** The main table in cells, as it is printed. */
export function comparisonCells(comparison: Comparison): {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
} {
  const { columns, rows } = comparison;
  const body = rows.map((row) => [row.label, ...seedsOf(comparison, row), ...columns.map((column) => cellText(row, column) ?? '-')]);
  return { header: headerOf(comparison), rows: body };
}

export function comparisonTable(comparison: Comparison): string {
  const { columns, rows, tests, notes } = comparison;
  const { header, rows: body } = comparisonCells(comparison);
  return [
    table(header, body),
    ...(tests.length > 0 ? ['', testsTitle(tests, rows), table(TESTS_HEADER, testRows(tests, columns))] : []),
    ...(notes.length > 0 ? ['', ...notes] : []),
  ].join('\n');
}

/** Needs the package booktabs. The best of each column is bold. */
export function comparisonLatex(comparison: Comparison): string {
  const { columns, rows, tests, notes } = comparison;
  const best = columns.map((column) => bestOf(rows, column));
  const body = rows.map((row) => [
    latex(row.label),
    ...seedsOf(comparison, row),
    ...columns.map((column, index) => {
      const text = cellText(row, column);
      if (text === undefined) return '--';
      return row.cells[column.id]!.value === best[index] ? `\\textbf{${latex(text)}}` : latex(text);
    }),
  ]);
  return [
    ...notes.map((note) => `% ${note.replaceAll('\n', ' ')}`),
    tabular(headerOf(comparison).map(latex), body),
    ...(tests.length > 0
      ? [
          '',
          `% ${testsTitle(tests, rows)}`,
          tabular(
            TESTS_HEADER.map(latex),
            testRows(tests, columns).map((row) => row.map(latex)),
          ),
        ]
      : []),
  ].join('\n');
}

const CSV_HEADER = 'row,seeds,figure,value,low,high,difference,differenceLow,differenceHigh,pT,pWilcoxon,pSign';

/** One figure a line, unrounded; empty where it is missing. */
export function comparisonCsv({ columns, rows, tests }: Comparison): string {
  const lines = rows.flatMap((row) =>
    columns.map(({ id }) => {
      const { value, low, high }: Partial<Cell> = row.cells[id] ?? {};
      const test = tests.find(({ row: label, figure }) => label === row.label && figure === id);
      const ofTest = test
        ? [test.difference, test.low, test.high, test.pT, test.pWilcoxon, test.pSign]
        : Array.from({ length: 6 }, () => null);
      return [row.label, row.seeds.join(' '), id, value, low, high, ...ofTest].map(csv).join(',');
    }),
  );
  return [CSV_HEADER, ...lines].join('\n');
}

/** Quoted where the value itself holds a comma, a quote or a line's end (RFC 4180). */
export function csv(value: string | number | null | undefined): string {
  const text = value === null || value === undefined ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

const COMMANDS: Readonly<Record<string, string>> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '±': '$\\pm$',
};

export const latex = (text: string): string => text.replace(/[\\~^±&%$#_{}]/g, (letter) => COMMANDS[letter] ?? `\\${letter}`);

function tabular(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `${cells.join(' & ')} \\\\`;
  const [begin, end] = [`\\begin{tabular}{l${'r'.repeat(header.length - 1)}}`, '\\end{tabular}'];
  return [begin, '\\toprule', line(header), '\\midrule', ...rows.map(line), '\\bottomrule', end].join('\n');
}

const headerOf = ({ by, columns }: Comparison): string[] => [
  by.length > 0 ? by.join(', ') : 'run',
  ...(by.length > 0 ? ['seeds'] : []),
  ...columns.map(({ label }) => label),
];

const seedsOf = ({ by }: Comparison, { seeds }: Row): string[] => (by.length > 0 ? [String(seeds.length)] : []);

/** The mean of a group with half of its interval. */
function cellText({ cells, runs }: Row, { id, text, varies }: Column): string | undefined {
  const cell = cells[id];
  if (!cell) return undefined;
  const spread = runs.length > 1 && varies && cell.low !== null && cell.high !== null;
  return spread ? `${text(cell.value)} ± ${text((cell.high! - cell.low!) / 2)}` : text(cell.value);
}

/** Where all rows are alike none is best. */
function bestOf(rows: readonly Row[], { id, better }: Column): number | undefined {
  const values = rows.flatMap(({ cells }) => cells[id]?.value ?? []);
  const best = better === 'higher' ? Math.max(...values) : Math.min(...values);
  return values.some((value) => value !== best) ? best : undefined;
}

const TESTS_HEADER = ['', 'figure', 'difference', '95 % interval', 'p (t)', 'p (Wilcoxon)', 'p (sign)'];

const testsTitle = ([first]: readonly PairedTest[], rows: readonly Row[]): string =>
  `minus ${first!.against}, paired over the seeds ${rows.find(({ label }) => label === first!.against)!.seeds.join(', ')}`;

const testRows = (tests: readonly PairedTest[], columns: readonly Column[]): string[][] =>
  tests.map(({ row, figure, difference, low, high, pT, pWilcoxon, pSign }) => {
    const { label, text } = columns.find(({ id }) => id === figure)!;
    return [row, label, text(difference), `${text(low)}..${text(high)}`, ...[pT, pWilcoxon, pSign].map((p) => p.toPrecision(3))];
  });
