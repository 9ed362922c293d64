/** The options of `freetickets compare`. */
import { nearest, SparseError } from '@freetickets/sparse-core';
import { type Command, Option } from 'commander';
import { comparisonCsv, comparisonLatex, comparisonTable } from '../compare/formats.ts';
import { FIELD_NAMES, type FieldName } from '../experiment-fields.ts';
import { addCommand, type Common, suggest, withOutput } from '../options.ts';
import { talk } from '../talk.ts';
import { compareRuns, comparisonDocument } from './compare.ts';

const FORMATS = { table: comparisonTable, csv: comparisonCsv, latex: comparisonLatex } as const;

interface CompareFlags extends Common {
  readonly by?: readonly string[];
  readonly metric?: readonly string[];
  readonly against?: string;
  readonly format?: keyof typeof FORMATS | 'json';
}

const GROUPING = FIELD_NAMES.filter((name) => name !== 'seed');

export function compareCommand(root: Command): void {
  const command = addCommand(root, 'compare', 'Puts runs beside each other: what evaluate measured of them, and what they cost.', [
    'compare runs/edst runs/dense',
    'compare sweeps/methods --by method --against dense',
    'compare sweeps/methods --by method sparsity --metric accuracy nll ece --format latex',
  ])
    .argument('<RUN...>', 'run folders, or a folder of a sweep for all its finished runs')
    .addOption(
      suggest(
        new Option('--by <FIELD...>', 'one row for the runs that have these fields in common: means over their seeds'),
        () => GROUPING,
      ),
    )
    .addOption(new Option('--metric <NAME...>', 'only these figures, in this order; default: all'))
    .addOption(
      new Option('--against <ROW>', 'tests of every row against this one, paired over seeds; by method unless --by says otherwise'),
    )
    .addOption(
      new Option('--format <NAME>', 'what is printed; default: table').choices([...Object.keys(FORMATS), 'json']).helpGroup('Output:'),
    );
  withOutput(command).action(async (runs: readonly string[], { json, quiet, by, metric, against, format }: CompareFlags) => {
    if (json && format !== undefined && format !== 'json')
      throw new SparseError('INVALID_CONFIG', '--format', 'one form of output', new Error(`${format} and --json`));
    const comparison = await compareRuns(runs, { by: by?.map(fieldNamed), metrics: metric, against });
    if (json || format === 'json') return talk({ json: true, quiet }).result(comparisonDocument(comparison), '');
    const speak = talk({ quiet });
    if (format === 'csv') for (const note of comparison.notes) speak.say(`note: ${note}`);
    speak.result(comparisonDocument(comparison), FORMATS[format ?? 'table'](comparison));
  });
}

function fieldNamed(text: string): FieldName {
  const name = FIELD_NAMES.find((known) => known === text);
  if (name !== undefined && name !== 'seed') return name;
  const near = nearest(text, FIELD_NAMES);
  const hint = text === 'seed' ? 'Means are over the seeds' : near && `Did you mean ${near}?`;
  throw new SparseError('INVALID_CONFIG', '--by', 'fields of an experiment file other than seed', text, hint);
}
