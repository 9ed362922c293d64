/** The options of `freetickets export`, from the texts of a command line to what `exportRun` takes. */
import { type CalibrationOptions, OOD_SCORES, type OodScore } from '@freetickets/inference';
import type { Layout, Precision } from '@freetickets/onnx-export';
import { SparseError } from '@freetickets/sparse-core';
import { type Command, Option } from 'commander';
import type { Flags } from '../experiment-fields.ts';
import { aboveZero, addCommand, type Common, wholeNumber, withFields, withOutput } from '../options.ts';
import { talk } from '../talk.ts';
import { EXPORT_FORMATS, type ExportFormat, exportRun, exportText } from './export.ts';

const SCALINGS = ['pool-first', 'members-first'] as const;

interface CalibrationFlags {
  readonly calibrate?: boolean;
  readonly scaling?: (typeof SCALINGS)[number];
  readonly oodScore?: OodScore;
  readonly oodRate?: string;
  readonly anytimeLoss?: string;
}

interface ExportFlags extends Common, CalibrationFlags, Flags {
  readonly output?: string;
  readonly triton?: string;
  readonly name?: string;
  readonly member?: string;
  readonly format: ExportFormat;
  readonly normalize: boolean;
  readonly precision?: Precision;
  readonly layout?: Layout;
}

export function exportCommand(root: Command): void {
  const command = addCommand(root, 'export', 'Writes the tickets of a run as one ONNX file, or one of them as a state dict for PyTorch.', [
    'export runs/mnist --output ensemble.onnx --calibrate',
    'export runs/mnist --triton models/ --name digits --calibrate --data mnist/',
    'export runs/mnist --output first.onnx --member 0',
    'export runs/mnist --output wide.onnx --layout grouped --precision fp16',
    'export runs/mnist --output first.safetensors --member 0 --format pytorch',
  ])
    .argument('<RUN>', 'run folder')
    .addOption(new Option('-o, --output <FILE>', 'where to write; or else --triton'))
    .addOption(new Option('--triton <DIR>', 'write into this folder instead, as a model repository that Triton and freetickets serve read'))
    .addOption(new Option('--name <NAME>', 'of the model there; default: that of the run folder'))
    .addOption(new Option('--member <K>', 'one ticket only, counted from 0'))
    .addOption(new Option('--format <NAME>', 'pytorch: names and layout of its state dict').choices(EXPORT_FORMATS).default('onnx'))
    .addOption(
      new Option('--precision <NAME>', 'of weights and arithmetic; images and answers stay float32; default: fp32').choices([
        'fp32',
        'fp16',
      ]),
    )
    .addOption(
      new Option('--layout <NAME>', 'grouped: members of one architecture as one wide network, for GPUs; default: fused').choices([
        'fused',
        'grouped',
      ]),
    )
    .addOption(new Option('--no-normalize', 'leave normalisation to the caller; without this the model takes pixels in [0, 1]'));
  for (const option of calibrationOptions()) command.addOption(option.helpGroup('Calibration:'));
  withOutput(withFields(command, ['data', 'engine', 'threads'])).action(act);
}

const calibrationOptions = (): Option[] => [
  new Option('--calibrate', "fit on the run's validation data what a server needs to say how far an answer can be trusted"),
  new Option(
    '--scaling <NAME>',
    'what gets a temperature: the mean of the members (pool-first) or each of them; default: pool-first',
  ).choices(SCALINGS),
  new Option('--ood-score <NAME>', 'by which foreign pictures are told; default: entropy').choices(OOD_SCORES),
  new Option('--ood-rate <SHARE>', 'of the validation pictures that may count as foreign; default: 0.05'),
  new Option('--anytime-loss <SHARE>', 'of the accuracy that asking fewer members may cost; default: 0.001'),
];

async function act(run: string, { json, quiet, ...flags }: ExportFlags): Promise<void> {
  const {
    output,
    triton,
    name,
    member,
    format,
    normalize,
    precision,
    layout,
    calibrate,
    scaling,
    oodScore,
    oodRate,
    anytimeLoss,
    ...circumstances
  } = flags;
  if (name !== undefined && triton === undefined) throw new SparseError('INVALID_CONFIG', '--name', 'it with --triton only', name);
  const speak = talk({ json, quiet });
  const options = {
    ...(output !== undefined && { output }),
    ...(triton !== undefined && { triton: { folder: triton, ...(name !== undefined && { name }) } }),
    ...(member !== undefined && { member: wholeNumber('--member', member, 0) }),
    format,
    normalize,
    ...(precision && { precision }),
    ...(layout && { layout }),
  };
  const calibration = calibrationOf({
    ...(calibrate && { calibrate }),
    ...(scaling && { scaling }),
    ...(oodScore && { oodScore }),
    ...(oodRate !== undefined && { oodRate }),
    ...(anytimeLoss !== undefined && { anytimeLoss }),
  });
  const result = await exportRun(run, { ...options, ...(calibration && { calibrate: calibration }) }, speak, circumstances);
  speak.result(result, exportText(result));
}

/** @throws SparseError INVALID_CONFIG for settings of a calibration that is not wanted, and for shares that are none */
function calibrationOf({ calibrate, ...settings }: CalibrationFlags): CalibrationOptions | undefined {
  const [given] = Object.entries(settings);
  if (!calibrate && given)
    throw new SparseError(
      'INVALID_CONFIG',
      `--${given[0].replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`,
      'it with --calibrate only',
      given[1],
    );
  if (!calibrate) return undefined;
  const { scaling, oodScore, oodRate, anytimeLoss } = settings;
  return {
    ...(scaling && { order: scaling }),
    ...(oodScore && { oodScore }),
    ...(oodRate !== undefined && { falsePositiveRate: share('--ood-rate', oodRate) }),
    ...(anytimeLoss !== undefined && { allowedLoss: share('--anytime-loss', anytimeLoss) }),
  };
}

function share(at: string, text: string): number {
  const value = aboveZero(at, text);
  if (value < 1) return value;
  throw new SparseError('INVALID_CONFIG', at, 'a share below 1', text);
}
