/** The options of `freetickets evaluate`, from the texts of a command line to what `evaluateRun` takes. */

import { type CorruptionName, corruptionNames, nearest, SparseError } from '@freetickets/sparse-core';
import { type Command, Option } from 'commander';
import { SPLITS, type Split } from '../evaluation/document.ts';
import type { EvaluateOptions } from '../evaluation/options.ts';
import type { Flags } from '../experiment-fields.ts';
import { addCommand, type Common, wholeNumber, withFields, withOutput } from '../options.ts';
import { talk } from '../talk.ts';
import { evaluateRun } from './evaluate.ts';
import { evaluationCsv } from './evaluate-csv.ts';
import { evaluationText, runsText } from './evaluate-text.ts';

interface MeasureFlags {
  readonly bootstrap: string;
  readonly seed: string;
  readonly calibrate?: boolean;
  readonly conformal?: string | true;
  readonly heldOut?: string;
  readonly corruptions?: string | true;
  readonly corruption?: readonly string[];
  readonly severity?: readonly string[];
  readonly ood?: readonly string[];
  readonly diversity?: boolean;
}

type EvaluateFlags = Common & Flags & MeasureFlags & { readonly split: Split; readonly csv?: boolean };

const LEVEL = '0.9';

export function evaluateCommand(root: Command): void {
  const command = addCommand(root, 'evaluate', 'Scores an ensemble and each of its members on data that it has not seen.', [
    'evaluate runs/mnist',
    'evaluate runs/mnist --calibrate --conformal 0.95 --diversity',
    'evaluate runs/cifar10 --ood svhn:data/svhn --ood gaussian-noise',
    'evaluate runs/cifar10 --corruptions data/CIFAR-10-C --bootstrap 0 --json',
    'evaluate runs/first runs/second --csv',
  ])
    .argument('<RUN...>', 'run folders; of several, one table')
    .addOption(new Option('--split <NAME>', 'which part of the data').choices(SPLITS).default('test'));
  withFields(command, ['data', 'engine', 'threads']);
  for (const option of measureOptions()) command.addOption(option.helpGroup('Measures:'));
  withOutput(command.addOption(new Option('--csv', 'one figure a line, for spreadsheets').helpGroup('Output:'))).action(act);
}

const measureOptions = (): Option[] => [
  new Option('--bootstrap <N>', 'resamples behind the 95 % interval of every score; 0: no intervals').default('1000'),
  new Option('--calibrate', 'temperature scaling, members first and pool first'),
  new Option('--conformal [LEVEL]', `sets of classes (THR, APS, RAPS) that hold the label in this share of pictures (preset: ${LEVEL})`),
  new Option(
    '--held-out <SHARE>',
    'fit those two on this share of the pictures and report on the rest; default: fit on the validation part',
  ),
  new Option('--corruptions [DIR]', 'corrupted test pictures: the files of CIFAR-10-C or CIFAR-100-C in DIR, or else made here'),
  new Option('--corruption <NAME...>', 'only these of the 19'),
  new Option('--severity <N...>', 'only these of 1 to 5'),
  new Option('--ood <SET...>', 'pictures of another kind: NAME:DIR as in svhn:data/svhn, or gaussian-noise, uniform-noise, generated'),
  new Option('--diversity', 'every measure of how members differ, for all pairs'),
  new Option('--seed <N>', 'keys the draws of the evaluation: resamples, held-out pictures, sets, corruptions').default('17'),
];

async function act(runs: readonly string[], { json, quiet, csv, split, ...given }: EvaluateFlags): Promise<void> {
  if (csv && json) throw new SparseError('INVALID_CONFIG', '--csv', 'one form of output', new Error('--csv and --json'));
  const { bootstrap, seed, calibrate, conformal, heldOut, corruptions, corruption, severity, ood, diversity, ...flags } = given;
  const options = optionsOf({ bootstrap, seed, calibrate, conformal, heldOut, corruptions, corruption, severity, ood, diversity });
  const speak = talk({ json, quiet });
  const evaluations = [];
  for (const run of runs) {
    if (runs.length > 1) speak.say(run);
    evaluations.push({ run, ...(await evaluateRun(run, split, speak, flags, options)) });
  }
  const [{ run: _, ...first }] = evaluations as [(typeof evaluations)[number]];
  const text = runs.length === 1 ? evaluationText(first) : runsText(evaluations);
  speak.result(runs.length === 1 ? first : { runs: evaluations }, csv ? evaluationCsv(evaluations) : text);
}

type Given = { readonly [Name in keyof MeasureFlags]: MeasureFlags[Name] | undefined };

function optionsOf({ bootstrap = '0', seed = '17', calibrate, conformal, heldOut, ood, diversity, ...cells }: Given): EvaluateOptions {
  const corruptions = corruptionsOf(cells);
  return {
    bootstrap: wholeNumber('--bootstrap', bootstrap, 0),
    seed: wholeNumber('--seed', seed, 0),
    ...(calibrate && { calibrate }),
    ...(conformal !== undefined && { conformal: shareOf('--conformal', conformal === true ? LEVEL : conformal) }),
    ...(heldOut !== undefined && { heldOut: shareOf('--held-out', heldOut) }),
    ...(corruptions && { corruptions }),
    ...(ood && { ood }),
    ...(diversity && { diversity }),
  };
}

function shareOf(at: string, text: string): number {
  const share = text.trim() === '' ? Number.NaN : Number(text);
  if (share > 0 && share < 1) return share;
  throw new SparseError('INVALID_CONFIG', at, 'a number above 0 and below 1', text);
}

/** Naming corruptions or severities asks for them, too. */
function corruptionsOf({ corruptions, corruption, severity }: Pick<Given, 'corruptions' | 'corruption' | 'severity'>) {
  if (corruptions === undefined && corruption === undefined && severity === undefined) return undefined;
  return {
    ...(typeof corruptions === 'string' && { folder: corruptions }),
    ...(corruption && { corruptions: [...new Set(corruption.map(corruptionNamed))] }),
    ...(severity && { severities: [...new Set(severity.map((text) => wholeNumber('--severity', text, 1, 5)))].sort() }),
  };
}

function corruptionNamed(text: string): CorruptionName {
  const name = corruptionNames.find((known) => known === text);
  if (name) return name;
  const near = nearest(text, corruptionNames);
  throw new SparseError('INVALID_CONFIG', '--corruption', `one of ${corruptionNames.join(', ')}`, text, near && `Did you mean ${near}?`);
}
