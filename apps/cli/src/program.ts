/** The command line: every command, its options and its help. What a command does is in `commands/`. */
import { availableParallelism } from 'node:os';
import { SparseError } from '@freetickets/sparse-core';
import { Command, Option } from 'commander';
import { type DataOptions } from './data.ts';
import { dataText, describeData } from './commands/data.ts';
import { demo, demoText } from './commands/demo.ts';
import { diagnose, diagnosisText } from './commands/doctor.ts';
import { evaluateRun, evaluationText, SPLITS, type Split } from './commands/evaluate.ts';
import { exportRun } from './commands/export.ts';
import { predict, predictText } from './commands/predict.ts';
import { serveModels } from './commands/serve.ts';
import { resumeRun, startRun, trainText } from './commands/train.ts';
import { FIELD_NAMES, FIELDS, type FieldName, flagOf, readExperimentFile, resolveExperiment } from './experiment.ts';
import { EXIT, talk } from './talk.ts';
import { VERSION } from './version.ts';

interface Common {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

const DATA_FIELDS: readonly FieldName[] = ['dataset', 'data', 'limitPerClass', 'imageSize', 'augmentation', 'validation'];

/** @param signal aborted when the user asks to stop */
export function program(signal: AbortSignal): Command {
  const root = new Command('freetickets')
    .description('Trains ensembles of sparse networks for less than the price of one dense network, measures, exports and serves them.')
    .version(VERSION)
    .showSuggestionAfterError()
    .showHelpAfterError('(add --help for the options)')
    .configureHelp({ sortSubcommands: false });
  trainCommand(root, signal);
  evaluateCommand(root);
  exportCommand(root);
  predictCommand(root);
  serveCommand(root, signal);
  dataCommand(root);
  demoCommand(root);
  doctorCommand(root);
  return root;
}

function command(root: Command, usage: string, about: string, examples: readonly string[]): Command {
  const made = root.command(usage).description(about);
  made.addHelpText('after', `\nExamples:\n${examples.map((example) => `  $ freetickets ${example}`).join('\n')}`);
  return made;
}

const withOutput = (c: Command): Command =>
  c.addOption(new Option('--json', 'one JSON document on standard output').helpGroup('Output:')).addOption(new Option('-q, --quiet', 'only the result').helpGroup('Output:'));

function withFields(c: Command, names: readonly FieldName[]): Command {
  for (const name of names) {
    const { help, value, schema } = FIELDS[name];
    const fallback = schema.safeParse(undefined);
    const shown = fallback.success && fallback.data !== undefined ? ` (default: ${fallback.data})` : '';
    const advanced = 'advanced' in FIELDS[name];
    c.addOption(new Option(`${flagOf(name)} <${value}>`, `${help}${shown}`).helpGroup(advanced ? 'Advanced options:' : 'Options:'));
  }
  return c;
}

function trainCommand(root: Command, signal: AbortSignal): void {
  const c = command(root, 'train', 'Trains tickets; each is one sparse member of an ensemble.', [
    'train --dataset mnist --data mnist/ --out runs/mnist',
    'train --config experiment.json --seed 18 --out runs/second',
    'train --resume runs/mnist',
  ])
    .addOption(new Option('--out <DIR>', 'new folder for the run'))
    .addOption(new Option('--config <FILE>', 'experiment file (JSON); options given here win over it'))
    .addOption(new Option('--resume <DIR>', 'go on with the run in this folder'));
  withOutput(withFields(c, FIELD_NAMES)).action(async (options: Common & Partial<Record<FieldName | 'out' | 'config' | 'resume', string>>) => {
    const out = talk(options);
    const { out: folder, config, resume, json, quiet, ...flags } = options;
    const result = resume === undefined ? await startNew(folder, config, flags) : await resumeOld(resume);
    out.result(result, trainText(result));
    if (!result.finished) process.exitCode = EXIT.resume;

    function startNew(path: string | undefined, file: string | undefined, given: Partial<Record<FieldName, string>>) {
      if (path === undefined) throw new SparseError('INVALID_CONFIG', '--out', 'a folder for the run', 'nothing', 'Or --resume DIR to go on with one');
      return startRun(resolveExperiment(given, file === undefined ? undefined : readExperimentFile(file)), path, out, signal);
    }
    function resumeOld(path: string) {
      const others = [folder !== undefined && '--out', config !== undefined && '--config', ...Object.keys(flags).map((name) => flagOf(name as FieldName))].filter(Boolean);
      if (others.length > 0) throw new SparseError('INVALID_CONFIG', '--resume', 'no other option, because the run folder holds them all', others);
      return resumeRun(path, out, signal);
    }
  });
}

function evaluateCommand(root: Command): void {
  const c = command(root, 'evaluate', 'Scores an ensemble and each of its members on data it has not seen.', ['evaluate runs/mnist', 'evaluate runs/mnist --split valid --json'])
    .argument('<RUN>', 'run folder')
    .addOption(new Option('--split <NAME>', 'which part of the data').choices(SPLITS).default('test'));
  withOutput(c).action(async (run: string, options: Common & { split: Split }) => {
    const out = talk(options);
    const evaluation = await evaluateRun(run, options.split, out);
    out.result(evaluation, evaluationText(evaluation));
  });
}

function exportCommand(root: Command): void {
  const c = command(root, 'export', 'Writes the tickets of a run as one ONNX file.', ['export runs/mnist --output ensemble.onnx', 'export runs/mnist --output first.onnx --member 0'])
    .argument('<RUN>', 'run folder')
    .requiredOption('-o, --output <FILE>', 'where to write')
    .addOption(new Option('--member <K>', 'one ticket only, counted from 0'))
    .addOption(new Option('--no-normalize', 'leave normalisation to the caller; else the model takes pixels in [0, 1]'));
  withOutput(c).action(async (run: string, options: Common & { output: string; member?: string; normalize: boolean }) => {
    const { output, normalize } = options;
    const result = await exportRun(run, { output, normalize, ...(options.member !== undefined && { member: wholeNumber('--member', options.member, 0) }) });
    talk(options).result(result, `${result.output}: ${result.members} member${result.members > 1 ? 's' : ''}, ${(result.sizeBytes / 1e6).toFixed(2)} MB`);
  });
}

function predictCommand(root: Command): void {
  const c = command(root, 'predict', 'Runs pictures through an exported model.', ['predict ensemble.onnx --input digit.png', 'predict ensemble.onnx --input a.png b.jpg --resize --json'])
    .argument('<MODEL>', 'ONNX file made by export')
    .requiredOption('-i, --input <FILE...>', 'JPEG or PNG pictures')
    .addOption(new Option('--resize', 'fit pictures of another size: scale, then cut out the middle'));
  withOutput(c).action(async (model: string, options: Common & { input: string[]; resize?: boolean }) => {
    const result = await predict(model, options.input, { resize: options.resize ?? false });
    talk(options).result(result, predictText(result));
  });
}

function serveCommand(root: Command, signal: AbortSignal): void {
  const c = command(root, 'serve', 'Serves exported models over HTTP (Open Inference Protocol) until stopped.', ['serve ensemble.onnx', 'serve digits=ensemble.onnx --port 9000'])
    .argument('<MODEL...>', 'ONNX files; name=file gives a model another name')
    .addOption(new Option('--port <N>', 'TCP port; 0 takes a free one').default('8000'))
    .addOption(new Option('--host <ADDRESS>', 'address to listen on').default('127.0.0.1'))
    .addOption(new Option('--threads <N>', `threads of each model (default: ${availableParallelism()})`));
  withOutput(c).action(async (models: string[], options: Common & { port: string; host: string; threads?: string }) => {
    const out = talk(options);
    const threads = options.threads === undefined ? {} : { threads: wholeNumber('--threads', options.threads, 1) };
    const server = await serveModels(models, { host: options.host, port: wholeNumber('--port', options.port, 0), ...threads });
    out.say('stop with Ctrl-C');
    out.result({ address: server.address, models }, `serving ${models.join(', ')} at ${server.address}`);
    await new Promise<void>((stop) => (signal.aborted ? stop() : signal.addEventListener('abort', () => stop(), { once: true })));
    await server.close();
  });
}

function dataCommand(root: Command): void {
  const c = command(root, 'data', 'Loads a data set, caches it where that saves time, and says what is in it.', ['data --dataset mnist --data mnist/', 'data --dataset image-folder --data pictures.tar.gz']);
  withOutput(withFields(c, DATA_FIELDS)).action(async (options: Common & Partial<Record<FieldName, string>>) => {
    const out = talk(options);
    const { json, quiet, ...flags } = options;
    const experiment: DataOptions = resolveExperiment(flags);
    const description = await describeData(experiment, out);
    out.result(description, dataText(description));
  });
}

function demoCommand(root: Command): void {
  const c = command(root, 'demo', 'The whole way on generated pictures, in about a minute: train, compare, export, serve.', ['demo']);
  withOutput(c).action(async (options: Common) => {
    const out = talk(options);
    const result = await demo(out);
    out.result(result, demoText(result));
  });
}

function doctorCommand(root: Command): void {
  const c = command(root, 'doctor', 'Says what this machine has, what is used, and what would make it faster.', ['doctor', 'doctor --json']);
  withOutput(c).action((options: Common) => {
    const diagnosis = diagnose();
    talk(options).result(diagnosis, diagnosisText(diagnosis));
  });
}

function wholeNumber(at: string, text: string, least: number): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < least || text.trim() === '') throw new SparseError('INVALID_CONFIG', at, `a whole number of at least ${least}`, text);
  return number;
}
