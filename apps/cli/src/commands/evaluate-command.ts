/** The options of `freetickets evaluate`, from the texts of a command line to what `evaluateRun` takes. */

import { engineNames, onnxruntimeEngine } from '@freetickets/inference';
import { type CorruptionName, corruptionNames, nearest, SparseError } from '@freetickets/sparse-core';
import { type Command, Option } from 'commander';
import type { AttackWishes } from '../evaluation/attack.ts';
import { ATTACK_KINDS, type Evaluation, SPLITS, type Split } from '../evaluation/document.ts';
import type { EvaluateOptions } from '../evaluation/options.ts';
import { ENGINES, type FieldName, type Flags, flagOf } from '../experiment-fields.ts';
import { addCommand, type Common, suggest, wholeNumber, withFields, withOutput } from '../options.ts';
import { type Talk, talk } from '../talk.ts';
import { evaluateRun } from './evaluate.ts';
import { evaluationCsv } from './evaluate-csv.ts';
import { evaluateModel } from './evaluate-model.ts';
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
  readonly attack?: string;
  readonly epsilon?: string;
  readonly steps?: string;
  readonly attackSamples?: string;
  readonly interpolate?: boolean;
  readonly trajectory?: boolean;
  readonly trainSamples?: string;
}

type EvaluateGiven = Omit<Flags, 'seed' | 'engine'> & MeasureFlags & { readonly engine?: string };
type EvaluateFlags = Common & EvaluateGiven & { readonly split: Split; readonly csv?: boolean };

const MODEL_FIELDS = ['dataset', 'limitPerClass', 'imageSize', 'validation'] as const satisfies readonly FieldName[];

const LEVEL = '0.9';

export function evaluateCommand(root: Command): void {
  const command = addCommand(root, 'evaluate', 'Scores an ensemble and each of its members on data that it has not seen.', [
    'evaluate runs/mnist',
    'evaluate runs/mnist --calibrate --conformal 0.95 --diversity',
    'evaluate runs/cifar10 --ood svhn:data/svhn --ood gaussian-noise',
    'evaluate runs/cifar10 --corruptions data/CIFAR-10-C --bootstrap 0 --json',
    'evaluate runs/cifar10 --attack fgsm,pgd --epsilon 8/255 --steps 10 --interpolate',
    'evaluate runs/first runs/second --csv',
    'evaluate ensemble.onnx --dataset mnist --data mnist/ --engine onnxruntime-cpu',
  ])
    .argument('<RUN...>', 'run folders, or exported models (.onnx); of several, one table')
    .addOption(new Option('--split <NAME>', 'which part of the data').choices(SPLITS).default('test'));
  withFields(command, ['data']).addOption(engineOption());
  for (const option of measureOptions()) command.addOption(option.helpGroup('Measures:'));
  withFields(command, MODEL_FIELDS, 'Of an exported model, which does not know its pictures:');
  withFields(command, ['threads']);
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
  suggest(new Option('--corruption <NAME...>', 'only these of the 19'), () => corruptionNames),
  suggest(new Option('--severity <N...>', 'only these of 1 to 5'), () => ['1', '2', '3', '4', '5']),
  new Option('--ood <SET...>', 'pictures of another kind: NAME:DIR as in svhn:data/svhn, or gaussian-noise, uniform-noise, generated'),
  new Option('--diversity', 'every measure of how members differ, for all pairs'),
  suggest(
    new Option('--attack <KINDS>', 'fgsm, pgd or both (fgsm,pgd): test pictures changed against the ensemble, and against each member'),
    () => [...ATTACK_KINDS, ATTACK_KINDS.join(',')],
  ),
  new Option('--epsilon <E>', `largest change of a pixel, which lie in [0, 1] (preset: 8/255)`),
  new Option('--steps <N>', 'of pgd (preset: 10)'),
  new Option('--attack-samples <N>', 'attack so many pictures, drawn at random; default: all'),
  new Option('--interpolate', 'loss and error between every two tickets, batch norm estimated anew on training pictures'),
  new Option('--trajectory', 't-SNE of the predictions that train --keep-trajectory kept after each epoch'),
  new Option('--train-samples <N>', 'training pictures, drawn at random, for --interpolate and for the neighbours of --ood (preset: 2000)'),
  new Option('--seed <N>', 'keys the draws of the evaluation: resamples, held-out pictures, sets, corruptions, samples, attacks').default(
    '17',
  ),
];

async function act(runs: readonly string[], { json, quiet, csv, split, ...given }: EvaluateFlags): Promise<void> {
  if (csv && json) throw new SparseError('INVALID_CONFIG', '--csv', 'one form of output', new Error('--csv and --json'));
  const speak = talk({ json, quiet });
  const evaluator = await evaluatorFor(given, split, speak);
  const evaluations = [];
  for (const run of runs) {
    if (runs.length > 1) speak.say(run);
    evaluations.push({ run, ...(await evaluator(run)) });
  }
  const [{ run: _, ...first }] = evaluations as [(typeof evaluations)[number]];
  const text = runs.length === 1 ? evaluationText(first) : runsText(evaluations);
  speak.result(runs.length === 1 ? first : { runs: evaluations }, csv ? evaluationCsv(evaluations) : text);
}

/** Of engines for runs `auto` and those of training; all others are for files that are exported, or would be. */
const engineOption = (): Option =>
  suggest(
    new Option(
      '--engine <NAME>',
      `of a run: ${ENGINES.join(', ')}, onnxruntime-cpu, onnxruntime-cuda; of an exported model (.onnx): ${engineNames.join(', ')}; default: the run's own, or auto`,
    ),
    () => [...new Set([...ENGINES, ...engineNames])],
  );

/** One run or model after the other, each by the options that are for its kind. */
async function evaluatorFor(given: EvaluateGiven, split: Split, speak: Talk): Promise<(path: string) => Promise<Evaluation>> {
  const { data, engine, threads, dataset, limitPerClass, imageSize, validation, ...measures } = given;
  const options = optionsOf(measures);
  const own = { dataset, limitPerClass, imageSize, validation };
  const flags = flagsOf({ data, threads });
  const provider = /^onnxruntime-(cpu|cuda)$/.exec(engine ?? '')?.[1] as 'cpu' | 'cuda' | undefined;
  const other = provider && (await onnxruntimeEngine(provider));
  const ofRun = (path: string) => {
    const [stray] = Object.keys(flagsOf(own)) as FieldName[];
    if (stray !== undefined)
      throw new SparseError(
        'INVALID_CONFIG',
        flagOf(stray),
        'an exported model (.onnx)',
        new Error(`the run ${path}, which knows its data`),
      );
    const named = other ? {} : flagsOf({ engine: engine === 'sparse' ? 'auto' : engine });
    return evaluateRun(path, split, speak, { ...flags, ...named }, options, other);
  };
  const ofModel = (path: string) => {
    const name = engineNames.find((known) => known === (engine ?? 'auto'));
    if (name === undefined) throw new SparseError('INVALID_CONFIG', '--engine', `for an exported model ${engineNames.join(', ')}`, engine);
    const computing = { engine: name, ...(threads !== undefined && { threads: wholeNumber('--threads', threads, 1, 1024) }) };
    return evaluateModel(path, split, speak, { ...flags, ...flagsOf(own) }, options, computing);
  };
  return (path) => (path.endsWith('.onnx') ? ofModel(path) : ofRun(path));
}

/** Those that were given. */
const flagsOf = (flags: { readonly [Name in FieldName]?: string | undefined }): Flags =>
  Object.fromEntries(Object.entries(flags).filter(([, text]) => text !== undefined));

function optionsOf({ bootstrap, seed, calibrate, conformal, heldOut, ood, diversity, ...others }: MeasureFlags): EvaluateOptions {
  const corruptions = corruptionsOf(others);
  const attack = attackOf(others);
  const { interpolate, trajectory, trainSamples } = others;
  return {
    bootstrap: wholeNumber('--bootstrap', bootstrap, 0),
    seed: wholeNumber('--seed', seed, 0),
    ...(calibrate && { calibrate }),
    ...(conformal !== undefined && { conformal: shareOf('--conformal', conformal === true ? LEVEL : conformal) }),
    ...(heldOut !== undefined && { heldOut: shareOf('--held-out', heldOut) }),
    ...(corruptions && { corruptions }),
    ...(ood && { ood }),
    ...(diversity && { diversity }),
    ...(attack && { attack }),
    ...(interpolate && { interpolate }),
    ...(trajectory && { trajectory }),
    ...(trainSamples !== undefined && { trainSamples: wholeNumber('--train-samples', trainSamples, 2) }),
  };
}

/** @throws SparseError INVALID_CONFIG for a kind that is none, and for what only says how to attack where nothing is attacked */
function attackOf({ attack, epsilon, steps, attackSamples }: Partial<MeasureFlags>): AttackWishes | undefined {
  if (attack === undefined) {
    const [stray] =
      Object.entries({ '--epsilon': epsilon, '--steps': steps, '--attack-samples': attackSamples }).find(([, text]) => text) ?? [];
    if (stray === undefined) return undefined;
    throw new SparseError('INVALID_CONFIG', stray, '--attack beside it', new Error('no attack'));
  }
  const kinds = attack.split(',').map((text) => {
    const kind = ATTACK_KINDS.find((known) => known === text.trim());
    if (kind === undefined) throw new SparseError('INVALID_CONFIG', '--attack', ATTACK_KINDS.join(', '), text);
    return kind;
  });
  return {
    kinds,
    ...(epsilon !== undefined && { epsilon: fractionOf('--epsilon', epsilon) }),
    ...(steps !== undefined && { steps: wholeNumber('--steps', steps, 1) }),
    ...(attackSamples !== undefined && { samples: wholeNumber('--attack-samples', attackSamples, 1) }),
  };
}

/** `8/255` or `0.03`. */
function fractionOf(at: string, text: string): number {
  const [, above, below = '1'] = /^\s*([\d.]+)\s*(?:\/\s*([\d.]+)\s*)?$/.exec(text) ?? [];
  const value = above === undefined ? Number.NaN : Number(above) / Number(below);
  if (value > 0 && value <= 1) return value;
  throw new SparseError('INVALID_CONFIG', at, 'a number above 0 and at most 1 such as 8/255, because pixels lie in [0, 1]', text);
}

function shareOf(at: string, text: string): number {
  const share = text.trim() === '' ? Number.NaN : Number(text);
  if (share > 0 && share < 1) return share;
  throw new SparseError('INVALID_CONFIG', at, 'a number above 0 and below 1', text);
}

/** Naming corruptions or severities asks for them, too. */
function corruptionsOf({ corruptions, corruption, severity }: Partial<MeasureFlags>): EvaluateOptions['corruptions'] {
  if (corruptions === undefined && corruption === undefined && severity === undefined) return undefined;
  return {
    ...(typeof corruptions === 'string' && { folder: corruptions }),
    ...(corruption && { corruptions: [...new Set(corruption.map(corruptionNamed))] }),
    ...(severity && { severities: [...new Set(severity.map((text) => wholeNumber('--severity', text, 1, 5)))].sort() }),
  };
}

/** @throws SparseError INVALID_CONFIG */
export function corruptionNamed(text: string): CorruptionName {
  const name = corruptionNames.find((known) => known === text);
  if (name) return name;
  const near = nearest(text, corruptionNames);
  throw new SparseError('INVALID_CONFIG', '--corruption', `one of ${corruptionNames.join(', ')}`, text, near && `Did you mean ${near}?`);
}
