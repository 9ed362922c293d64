import { CommanderError } from 'commander';
import { describe, expect, it } from 'vitest';
import { commandLine } from './command-line.ts';
import { FIELD_NAMES, flagOf } from './experiment-fields.ts';
import { program } from './program.ts';

/** What the command line says to standard error before it fails. */
async function failure(...args: string[]): Promise<{ error: unknown; said: string }> {
  let said = '';
  const root = program(() => new AbortController().signal);
  for (const command of [root, ...root.commands]) command.exitOverride().configureOutput({ writeErr: (text) => (said += text) });
  const error = await root.parseAsync(args, { from: 'user' }).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { error, said };
}

describe('program', () => {
  it('every field of an experiment is an option of train', () => {
    const train = program(() => new AbortController().signal).commands.find((command) => command.name() === 'train')!;
    const flags = train.options.map((option) => option.long);
    expect(flags).toEqual(expect.arrayContaining(FIELD_NAMES.map(flagOf)));
    expect(train.helpInformation()).toMatch(/--sparsity <S> +share of weights that is dead \(default: 0\.9\)/);
  });

  it('every command has --json, --quiet and an example', () => {
    for (const command of program(() => new AbortController().signal).commands) {
      expect(
        command.options.map((option) => option.long),
        command.name(),
      ).toEqual(expect.arrayContaining(['--json', '--quiet']));
      let help = '';
      command.configureOutput({ writeOut: (text) => (help += text) }).outputHelp();
      expect(help, command.name()).toContain(`$ freetickets ${command.name()}`);
    }
  });

  it('helps in one order: usage, usual options, others, advanced ones, output, examples', () => {
    for (const { name, options } of commandLine()) {
      const groups = [...new Set(options.map(({ group }) => group))];
      const [output, before] = groups.toReversed();
      expect(output, name).toBe('Output');
      if (groups.includes('Advanced options')) expect(before, name).toBe('Advanced options');
      if (groups.length > 1) expect(groups[0], name).toBe('Options');
    }
  });

  it.each([
    [['trian'], /unknown command 'trian'\n\(Did you mean train\?\)/],
    [['train', '--datset', 'mnist'], /unknown option '--datset'\n\(Did you mean --dataset\?\)/],
    [['train', '--epochs', '9'], /unknown option '--epochs'\n\(Did you mean one of --explore-epochs, --refine-epochs, /],
    [['evaluate'], /missing required argument 'RUN'/],
    [['export', 'run', 'more', '-o', 'x'], /too many arguments/],
    [['submit', 'run', '--engine', 'slrum'], /Allowed choices are slurm, kubernetes, ssh, local/],
    [['train-member'], /required option '--run <DIR>' not specified/],
    [['evaluate', 'run', '--split', 'tset'], /Allowed choices are test, valid, train/],
    [['predict', 'model.onnx'], /required option '-i, --input <FILE...>' not specified/],
  ])('%j is wrong use', async (args, message) => {
    const { error, said } = await failure(...args);
    expect(error).toBeInstanceOf(CommanderError);
    expect(said).toMatch(message);
  });

  it.each([
    [['train', '--force', '--out', 'x'], '--force: expected --resume DIR beside it, received nothing'],
    [['train', '--strict', '--out', 'x'], '--strict: expected --resume DIR beside it, received nothing'],
    [['train'], '--out: expected a new folder for the run, received nothing. Or give --resume DIR'],
    [
      ['train', '--resume', 'run', '--seed', '1', '--out', 'x'],
      '--resume: expected no option that the run folder holds already, received --out, --seed',
    ],
    [['export', 'run'], '--output: expected either it or --triton, received neither'],
    [['export', 'run', '-o', 'x', '--name', 'y'], '--name: expected it with --triton only, received "y"'],
    [['export', 'run', '-o', 'x', '--ood-rate', '0.1'], '--ood-rate: expected it with --calibrate only, received "0.1"'],
    [['export', 'run', '-o', 'x', '--calibrate', '--ood-rate', '1'], '--ood-rate: expected a share below 1, received "1"'],
    [['export', 'run', '-o', 'x', '--member', '1.5'], '--member: expected a whole number of at least 0, received "1.5"'],
    [['submit', 'x', '--engine', 'local', '--time', '10'], '--time: expected no value, because only slurm would read it, received "10"'],
    [['submit', 'x', '--engine', 'slurm', '--cpus', '0'], '--cpus: expected a whole number from 1 to 1024, received "0"'],
    [['submit', 'x', '--engine', 'ssh'], '--hosts: expected machines that ssh reaches, received nothing'],
    [['submit', 'x', '--engine', 'kubernetes', '--claim', 'y'], '--image: expected the container image with the freetickets command'],
    [
      ['submit', '/x', '--engine', 'kubernetes', '--claim', 'y', '--image', 'z', '--mount', '/w'],
      '--mount: expected a folder that /x is in',
    ],
    [['train', '--resume', 'run', '--prepare'], '--resume: expected no option that the run folder holds already, received --prepare'],
    [['serve', 'x.onnx', '--port', '70000'], '--port: expected a whole number from 0 to 65535, received "70000"'],
    [['serve', 'a/x.onnx', 'b/x.onnx'], 'b/x.onnx: expected a name that no other model has, received "x". Write name=path'],
    [['serve', 'my model.onnx'], 'my model.onnx: expected a name of at most 128 letters, digits, ".", "_" and "-", received "my model"'],
  ])('%j names the option', async (args, message) => {
    const { error } = await failure(...args);
    expect((error as Error).message).toContain(message);
    expect(error).toMatchObject({ code: 'INVALID_CONFIG' });
  });

  it('what may change while a run goes on is allowed with --resume', async () => {
    const { error } = await failure(
      'train',
      '--resume',
      'no-such-run',
      '--threads',
      '1',
      '--engine',
      'reference',
      '--checkpoint-every',
      '9',
    );
    expect((error as Error).message).toContain('no-such-run: expected the folder of a run, received nothing of that name');
  });
});
