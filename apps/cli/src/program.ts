/** The command line: every command, its options and its help. What a command does is in `commands/`. */

import { type EngineName, engineNames } from '@freetickets/inference';
import { corruptionNames, SparseError } from '@freetickets/sparse-core';
import { Argument, Command, Option } from 'commander';
import { assembleCommand } from './commands/assemble-command.ts';
import { type BenchOptions, bench, WORKLOADS } from './commands/bench.ts';
import { benchText } from './commands/bench-text.ts';
import { compareCommand } from './commands/compare-command.ts';
import { completionCommand } from './commands/completion-command.ts';
import { type CorruptOptions, dataText, describeData } from './commands/data.ts';
import { demo, demoText } from './commands/demo.ts';
import { doctorCommand } from './commands/doctor-command.ts';
import { corruptionNamed, evaluateCommand } from './commands/evaluate-command.ts';
import { exportCommand } from './commands/export-command.ts';
import { importCommand } from './commands/import-command.ts';
import { initCommand } from './commands/init-command.ts';
import { predict, predictText } from './commands/predict.ts';
import { reportCommand } from './commands/report-command.ts';
import { serveCommand } from './commands/serve-command.ts';
import { setupCommand } from './commands/setup-command.ts';
import { statusCommand } from './commands/status-command.ts';
import { submitCommand } from './commands/submit-command.ts';
import { sweepCommand } from './commands/sweep-command.ts';
import { tensorboardCommand } from './commands/tensorboard-command.ts';
import { trainCommand } from './commands/train-command.ts';
import { trainMemberCommand } from './commands/train-member-command.ts';
import { watchCommand } from './commands/watch-command.ts';
import { EXIT } from './exit.ts';
import { resolveExperiment } from './experiment.ts';
import type { FieldName, Flags } from './experiment-fields.ts';
import { aboveZero, addCommand, type Common, described, suggest, wholeNumber, withFields, withOutput } from './options.ts';
import { talk } from './talk.ts';
import { VERSION } from './version.ts';

/** Called by commands that can stop in good order: from then on signals abort it and no longer end the process. */
export type StopSignal = () => AbortSignal;

export function program(stopSignal: StopSignal): Command {
  const root = new Command('freetickets')
    .description('Trains ensembles of sparse networks for less than the price of one dense network, measures, exports and serves them.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .helpCommand('help [command]', 'print the help of a command')
    .configureHelp({ optionDescription: described, argumentDescription: described })
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for the options)');
  initCommand(root);
  trainCommand(root, stopSignal);
  sweepCommand(root, stopSignal);
  trainMemberCommand(root, stopSignal);
  submitCommand(root, stopSignal);
  statusCommand(root);
  assembleCommand(root);
  evaluateCommand(root);
  compareCommand(root);
  reportCommand(root);
  watchCommand(root, stopSignal);
  tensorboardCommand(root);
  exportCommand(root);
  importCommand(root);
  predictCommand(root);
  serveCommand(root, stopSignal);
  dataCommand(root);
  demoCommand(root, stopSignal);
  doctorCommand(root);
  setupCommand(root, stopSignal);
  benchCommand(root);
  completionCommand(root);
  return root;
}

interface PredictFlags extends Common {
  readonly input: string[];
  readonly resize?: boolean;
  readonly engine: EngineName;
  readonly threads?: string;
}

function predictCommand(root: Command): void {
  const command = addCommand(root, 'predict', 'Runs pictures through an exported model.', [
    'predict ensemble.onnx --input digit.png',
    'predict ensemble.onnx --input a.png b.jpg --resize --json',
    'predict ensemble.onnx --input digit.png --engine onnxruntime-cuda',
  ])
    .argument('<MODEL>', 'ONNX file made by export')
    .requiredOption('-i, --input <FILE...>', 'JPEG or PNG pictures')
    .addOption(new Option('--resize', 'fit pictures of another size: scale, then cut out the middle'))
    .addOption(
      new Option('--engine <NAME>', 'what computes; auto takes the fastest that works here, and says why')
        .choices(engineNames)
        .default('auto'),
    )
    .addOption(new Option('--threads <N>', 'of the engine; default: all processors'));
  withOutput(command).action(async (model: string, { json, quiet, input, resize = false, engine, threads }: PredictFlags) => {
    const speak = talk({ json, quiet });
    const shared = threads === undefined ? {} : { threads: wholeNumber('--threads', threads, 1, 1024) };
    const result = await predict(model, input, { resize, engine, ...shared });
    speak.say(`engine: ${result.engine.name} (${result.engine.why})`);
    speak.result(result, predictText(result));
  });
}

function dataCommand(root: Command): void {
  const command = addCommand(root, 'data', 'Loads a data set, caches it where that saves time, and says what is in it.', [
    'data --dataset mnist --data mnist/',
    'data --dataset image-folder --data pictures.tar.gz',
    'data --dataset cifar10 --data cifar10/ --corruptions cifar10-c/ --corruption fog snow',
  ])
    .addOption(new Option('--corruptions <DIR>', 'write corrupted test pictures there, in the files of CIFAR-10-C, for evaluate'))
    .addOption(suggest(new Option('--corruption <NAME...>', 'only these of the 19'), () => corruptionNames))
    .addOption(new Option('--seed <N>', 'keys the draws of the corruptions').default('17').helpGroup('Advanced options:'));
  const fields: readonly FieldName[] = ['dataset', 'data', 'limitPerClass', 'imageSize', 'validation'];
  type DataFlags = Common & Flags & { readonly corruptions?: string; readonly corruption?: readonly string[]; readonly seed: string };
  withOutput(withFields(command, fields)).action(async ({ json, quiet, corruptions: folder, corruption, seed, ...flags }: DataFlags) => {
    const speak = talk({ json, quiet });
    const corrupt = corruptOf(folder, corruption, seed);
    const description = await describeData(resolveExperiment(flags), speak, corrupt);
    speak.result(description, dataText(description));
  });
}

function corruptOf(folder: string | undefined, names: readonly string[] | undefined, seed: string): CorruptOptions | undefined {
  if (folder === undefined && names === undefined) return undefined;
  if (folder === undefined) throw new SparseError('INVALID_CONFIG', '--corruption', '--corruptions with a folder beside it', 'none');
  return { folder, ...(names && { corruptions: [...new Set(names.map(corruptionNamed))] }), seed: wholeNumber('--seed', seed, 0) };
}

function demoCommand(root: Command, stopSignal: StopSignal): void {
  const command = addCommand(
    root,
    'demo',
    'The whole way on generated pictures, in a minute or less: train, compare, export, run, serve.',
    ['demo'],
  );
  withOutput(command).action(async ({ json, quiet }: Common) => {
    const speak = talk({ json, quiet });
    const result = await demo(speak, stopSignal());
    if (result === undefined) process.exitCode = EXIT.interrupted;
    else speak.result(result, demoText(result));
  });
}

interface BenchFlags extends Common, Omit<Flags, 'engine'> {
  readonly engine: string;
  readonly members?: string;
  readonly repeats?: string;
  readonly peak?: string;
}

function benchCommand(root: Command): void {
  const command = addCommand(root, 'bench', 'Times a training step, a prediction, or every layer of a network, on random images.', [
    'bench step --network wrn-16-2 --sparsity 0.9 --batch-size 128 --threads 2',
    'bench infer --network wrn-28-10 --members 3 --batch-size 1 --json',
    'bench layers --network wrn-16-2 --threads 1 --peak 230',
  ]).addArgument(
    new Argument('<WORKLOAD>', 'step: one training step; infer: one prediction; layers: a step, layer by layer').choices(WORKLOADS),
  );
  withFields(command, ['network', 'sparsity', 'distribution', 'batchSize', 'seed', 'threads'])
    .addOption(
      new Option('--engine <NAME>', 'auto (the fastest here), native, one instruction set as in native/avx2, wasm, reference').default(
        'auto',
      ),
    )
    .addOption(new Option('--members <N>', 'of the ensemble that predicts (infer); default: 1'))
    .addOption(new Option('--repeats <N>', 'timed runs; default: a second of them, at least 5'))
    .addOption(new Option('--peak <GFLOPS>', 'FMA peak of one thread, to give the share of it that was reached'));
  withOutput(command).action(
    async (workload: BenchOptions['workload'], { json, quiet, engine, members, repeats, peak, ...flags }: BenchFlags) => {
      const speak = talk({ json, quiet });
      const options = {
        ...(members !== undefined && { members: wholeNumber('--members', members, 1, 1000) }),
        ...(repeats !== undefined && { repeats: wholeNumber('--repeats', repeats, 1) }),
        ...(peak !== undefined && { peak: aboveZero('--peak', peak) }),
      };
      const result = await bench({ workload, flags, engine, ...options }, speak);
      speak.result(result, benchText(result));
    },
  );
}
