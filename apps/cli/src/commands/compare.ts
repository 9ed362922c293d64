/** `freetickets compare`: runs beside each other by what `evaluate` measured and what they cost. Nothing is computed anew. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SparseError } from '@freetickets/sparse-core';
import { type Column, chosenColumns, columnsFor } from '../compare/columns.ts';
import type { Comparison } from '../compare/formats.ts';
import { pairedTests } from '../compare/paired-tests.ts';
import { type ComparedRun, readRun } from '../compare/read-run.ts';
import { groupRows, type Row, runRows } from '../compare/rows.ts';
import type { FieldName } from '../experiment-fields.ts';
import { manifestPath, readManifest } from '../sweep/manifest.ts';
import { counted } from '../text.ts';

export interface CompareOptions {
  /** Rows are groups of runs that have these in common and differ in the seed; none: a row is a run. */
  readonly by?: readonly FieldName[] | undefined;
  /** Ids of columns. Default: all. */
  readonly metrics?: readonly string[] | undefined;
  /** The row that the others are tested against. */
  readonly against?: string | undefined;
}

/** @param paths run folders, and folders of sweeps, which stand for their finished runs */
export async function compareRuns(paths: readonly string[], options: CompareOptions = {}): Promise<Comparison> {
  const { by = options.against === undefined ? [] : (['method'] as const), metrics, against } = options;
  const notes: string[] = [];
  const folders = (await Promise.all(paths.map((path) => runsIn(path, notes)))).flat();
  const repeated = folders.find((folder, index) => folders.indexOf(folder) !== index);
  if (repeated !== undefined) throw new SparseError('INVALID_CONFIG', 'RUN', 'each run once', repeated);
  const runs: ComparedRun[] = [];
  for (const folder of folders) runs.push(await readRun(folder));
  const columns = chosenColumns(columnsFor(runs), metrics);
  const rows = by.length > 0 ? groupRows(runs, by, columns) : runRows(runs, columns);
  const tests = against === undefined ? [] : pairedTests(rows, against, columns);
  return { by, columns, rows, tests, notes: [...notes, ...lacksOf(runs), ...notesOn(runs, rows, columns)] };
}

/** The finished runs of a sweep, or the run itself. */
async function runsIn(path: string, notes: string[]): Promise<string[]> {
  if (!existsSync(manifestPath(path))) return [path.replace(/(?<=.)\/+$/, '')];
  const { runs } = await readManifest(manifestPath(path));
  const finished = runs.filter(({ status }) => status === 'finished');
  if (finished.length === 0)
    throw new SparseError('MISSING_FILE', path, 'a finished run', new Error('none'), 'Go on with freetickets sweep');
  const left = runs.length - finished.length;
  if (left > 0) notes.push(`${path}: ${counted(left, 'run')} of ${runs.length} left out, not trained to the end`);
  return finished.map(({ name }) => join(path, name));
}

/** Runs that are not finished, or not evaluated: with the command that does it. */
function lacksOf(runs: readonly ComparedRun[]): string[] {
  const unfinished = runs.filter(({ lacks }) => lacks.tickets > 0);
  const states = ['not evaluated', 'evaluated with other tickets'] as const;
  return [
    ...unfinished.map(
      ({ run, lacks }) => `${run} is not finished, ${counted(lacks.tickets, 'ticket')} to go: freetickets train --resume ${run}`,
    ),
    ...states.flatMap((state) => {
      const own = runs.filter(({ lacks }) => lacks.evaluation === state).map(({ run }) => run);
      return own.length === 0 ? [] : [`${counted(own.length, 'run')} ${state}: freetickets evaluate ${own.join(' ')}`];
    }),
  ];
}

/** Which options of `evaluate` fill the gaps, and what makes figures hard to compare. */
function notesOn(runs: readonly ComparedRun[], rows: readonly Row[], columns: readonly Column[]): string[] {
  const evaluated = runs.filter(({ evaluation }) => evaluation);
  const gaps = columns.filter(({ option, from }) => option !== undefined && evaluated.some((run) => from(run) === undefined));
  const byOption = new Map<string, string[]>();
  for (const { option, label } of gaps) byOption.set(option!, [...(byOption.get(option!) ?? []), label.replace(/ %$/, '')]);
  const cells = new Set(evaluated.flatMap(({ evaluation }) => evaluation!.corruptions?.ensemble.all.cells ?? []));
  const lists = (columnIds: readonly string[]) => columns.some(({ id }) => columnIds.includes(id));
  return [
    ...[...byOption].map(([option, labels]) => `${labels.join(', ')} not measured for every run: freetickets evaluate RUN ${option}`),
    ...(cells.size > 1 && lists(['cAcc', 'cNLL', 'cECE'])
      ? [`corruptions were measured on different numbers of cells: ${[...cells].join(', ')}`]
      : []),
    ...(new Set(runs.map(({ data }) => data)).size > 1
      ? ['the runs are of different data, so their figures are of different pictures']
      : []),
    ...(rows.some((row) => row.runs.length > 1) ? ['± is half of the 95 % interval of the mean over seeds (Student)'] : []),
  ];
}

/** For machines. A figure that is missing is not there. */
export const comparisonDocument = ({ by, rows, tests, notes }: Comparison): object => ({
  by,
  rows: rows.map(({ label, runs, seeds, cells }) => ({ label, runs: runs.map(({ run }) => run), seeds, figures: cells })),
  tests,
  notes,
});
