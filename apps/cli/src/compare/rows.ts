/** Rows of a comparison: one for each run, or one for each group of runs that differ in nothing but the seed. */
import { meanInterval } from '@freetickets/metrics';
import { SparseError } from '@freetickets/sparse-core';
import { CIRCUMSTANCES, FIELD_NAMES, type FieldName } from '../experiment-fields.ts';
import type { Column } from './columns.ts';
import type { ComparedRun } from './read-run.ts';

export interface Cell {
  readonly value: number;
  /** Of a group, Student's 95 % interval over its seeds; of a run, the bootstrap's over pictures. null: there is none. */
  readonly low: number | null;
  readonly high: number | null;
}

export interface Row {
  readonly label: string;
  /** In the order of their seeds. */
  readonly runs: readonly ComparedRun[];
  readonly seeds: readonly number[];
  /** By the column's id; a figure that is missing of a run is missing of its group. */
  readonly cells: Readonly<Record<string, Cell>>;
}

export const runRows = (runs: readonly ComparedRun[], columns: readonly Column[]): Row[] =>
  runs.map((run) => rowOf(run.run, [run], columns));

/** @throws SparseError INVALID_CONFIG when runs of a group differ in more than the seed, or have the same one */
export function groupRows(runs: readonly ComparedRun[], by: readonly FieldName[], columns: readonly Column[]): Row[] {
  const groups = new Map<string, ComparedRun[]>();
  for (const run of runs) {
    const label = by.map((field) => valueText(run.experiment[field])).join(', ');
    groups.set(label, [...(groups.get(label) ?? []), run]);
  }
  return [...groups].map(([label, own]) => {
    checkGroup(label, own);
    const bySeed = [...own].sort((a, b) => a.experiment.seed - b.experiment.seed);
    return rowOf(label, bySeed, columns);
  });
}

const valueText = (value: unknown): string => (typeof value === 'string' ? value : value === undefined ? 'default' : JSON.stringify(value));

function checkGroup(label: string, [first, ...others]: readonly ComparedRun[]): void {
  const seen = new Map([[first!.experiment.seed, first!.run]]);
  for (const other of others) {
    const field = FIELD_NAMES.find(
      (name) => !ignored.has(name) && JSON.stringify(first!.experiment[name]) !== JSON.stringify(other.experiment[name]),
    );
    const both = `${first!.run} and ${other.run}`;
    if (field)
      throw new SparseError(
        'INVALID_CONFIG',
        '--by',
        `runs of ${label} that differ in the seed only`,
        new Error(`${both}, which differ in ${field}`),
        `Add ${field} to --by`,
      );
    if (other.data !== first!.data)
      throw new SparseError('INVALID_CONFIG', '--by', `runs of ${label} on the same data`, new Error(`${both}, which have different data`));
    const { seed } = other.experiment;
    const twin = seen.get(seed);
    if (twin !== undefined)
      throw new SparseError(
        'INVALID_CONFIG',
        '--by',
        `one run of ${label} for each seed`,
        new Error(`${twin} and ${other.run} with ${seed}`),
      );
    seen.set(seed, other.run);
  }
}

const ignored: ReadonlySet<FieldName> = new Set(['seed', ...CIRCUMSTANCES]);

function rowOf(label: string, runs: readonly ComparedRun[], columns: readonly Column[]): Row {
  const cells = columns.flatMap((column) => {
    const cell = cellOf(runs, column);
    return cell ? [[column.id, cell] as const] : [];
  });
  return { label, runs, seeds: runs.map(({ experiment }) => experiment.seed), cells: Object.fromEntries(cells) };
}

function cellOf(runs: readonly ComparedRun[], column: Column): Cell | undefined {
  const figures = runs.flatMap((run) => column.from(run) ?? []);
  if (figures.length < runs.length) return undefined;
  if (figures.length === 1) {
    const { value, low = null, high = null } = figures[0]!;
    return { value, low, high };
  }
  const { mean, low, high } = meanInterval(figures.map(({ value }) => value));
  return { value: mean, low, high };
}
