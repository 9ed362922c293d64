/** Tables for docs/performance.md, and the places in that file where they stand. */
import { SparseError } from '@freetickets/sparse-core';

export interface Table {
  readonly header: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** The first column to the left, all others to the right. */
export function markdownTable({ header, rows }: Table): string {
  for (const row of rows)
    if (row.length !== header.length) throw new SparseError('INVALID_ARGUMENT', 'table', `rows of ${header.length} cells`, row);
  const rule = `| --- |${' ---: |'.repeat(header.length - 1)}`;
  return [line(header), rule, ...rows.map(line)].join('\n');
}

/**
 * Puts `body` between the lines `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` of a document.
 * @throws SparseError BAD_FILE where the document has no such lines
 */
export function replaceSection(document: string, name: string, body: string): string {
  const [begin, end] = [`<!-- bench:${name} -->\n`, `<!-- /bench:${name} -->`];
  const start = document.indexOf(begin);
  const stop = document.indexOf(end, start);
  if (start < 0 || stop < 0) throw new SparseError('BAD_FILE', 'document', `the lines ${begin.trim()} and ${end}`, new Error('none'));
  return `${document.slice(0, start + begin.length)}\n${body}\n\n${document.slice(stop)}`;
}

/** Three digits: 1234, 12.3, 0.123. */
export function milliseconds(value: number | undefined): string {
  if (value === undefined) return '-';
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

export const ratioText = (value: number | undefined): string => (value === undefined ? '-' : value.toFixed(2));
export const percent = (value: number | undefined): string => (value === undefined ? '-' : `${(100 * value).toFixed(0)} %`);
export const megabytes = (bytes: number | undefined): string => (bytes === undefined ? '-' : `${(bytes / 1e6).toFixed(0)} MB`);
/** Of floating-point operations in milliseconds. */
export const gflops = (flops: number, ms: number | undefined): string => (ms === undefined ? '-' : (flops / ms / 1e6).toFixed(1));
