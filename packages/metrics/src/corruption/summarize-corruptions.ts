/**
 * Figures on corrupted data, summed up both ways that the literature has: `pooled` takes the samples of all cells (corruption and severity)
 * as one data set, `cellMean` is the plain mean of the cells' own figures. With cells of equal size the two agree for everything that is a mean
 * over samples (accuracy, NLL, Brier) and differ for ECE, where a pool lets over- and under-confidence of different cells cancel.
 */
import { corruptionNames, mainCorruptions, SparseError } from '@freetickets/sparse-core';
import type { Metric } from '../metric.ts';
import { checkWhole } from '../reals.ts';

export interface CorruptionCell<Name extends string> {
  readonly corruption: string;
  /** 1 to 5. */
  readonly severity: number;
  /** What has seen this cell's predictions; a `collect` of metrics. It is read, not changed. */
  readonly metrics: Metric<Record<Name, number>>;
}

export interface CorruptionFigures<Name extends string> {
  readonly pooled: Record<Name, number>;
  readonly cellMean: Record<Name, number>;
  readonly cells: number;
}

/** undefined where a cell of that list is missing. */
export interface CorruptionSummary<Name extends string> {
  readonly all: CorruptionFigures<Name>;
  readonly of15: CorruptionFigures<Name> | undefined;
  readonly of19: CorruptionFigures<Name> | undefined;
}

/**
 * @param empty makes the same collection of metrics with nothing seen, to pool into
 * @throws SparseError INVALID_ARGUMENT without a cell, for a severity outside 1 to 5 or a cell given twice
 */
export function summarizeCorruptions<Name extends string>(
  cells: readonly CorruptionCell<Name>[],
  empty: () => Metric<Record<Name, number>>,
): CorruptionSummary<Name> {
  if (cells.length === 0) throw new SparseError('INVALID_ARGUMENT', 'cells', 'at least one cell', 0);
  checkCells(cells);
  const { all, of15, of19 } = cellLists(cells);
  return { all: figures(all, empty), of15: of15 && figures(of15, empty), of19: of19 && figures(of19, empty) };
}

/** The lists that are summed up; undefined where a cell of that list is missing. */
export function cellLists<Cell extends { readonly corruption: string }>(
  cells: readonly Cell[],
): { all: readonly Cell[]; of15: readonly Cell[] | undefined; of19: readonly Cell[] | undefined } {
  const over = (corruptions: readonly string[]) => {
    const own = cells.filter(({ corruption }) => corruptions.includes(corruption));
    return own.length === corruptions.length * 5 ? own : undefined;
  };
  return { all: cells, of15: over(mainCorruptions), of19: over(corruptionNames) };
}

function figures<Name extends string>(
  cells: readonly CorruptionCell<Name>[],
  empty: () => Metric<Record<Name, number>>,
): CorruptionFigures<Name> {
  const pool = empty();
  for (const { metrics } of cells) pool.merge(metrics);
  const pooled = pool.value();
  const values = cells.map(({ metrics }) => metrics.value());
  const mean = (name: Name) => values.reduce((sum, value) => sum + value[name], 0) / values.length;
  const names = Object.keys(pooled) as Name[];
  return { pooled, cellMean: Object.fromEntries(names.map((name) => [name, mean(name)])) as Record<Name, number>, cells: cells.length };
}

function checkCells(cells: readonly CorruptionCell<string>[]): void {
  const seen = new Set<string>();
  cells.forEach(({ corruption, severity }, index) => {
    checkWhole(`cells[${index}].severity`, severity, 1, 5);
    const cell = `${corruption} ${severity}`;
    if (seen.has(cell)) throw new SparseError('INVALID_ARGUMENT', `cells[${index}]`, 'each cell once', cell);
    seen.add(cell);
  });
}
