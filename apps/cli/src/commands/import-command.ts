/** The options of `freetickets import`, from the texts of a command line to what `importWeights` takes. */
import { SparseError } from '@freetickets/sparse-core';
import { readFileOrExplain } from '@freetickets/sparse-core/node';
import { type Command, Option } from 'commander';
import { addCommand, type Common, withOutput } from '../options.ts';
import { talk } from '../talk.ts';
import { type ImportOptions, importText, importWeights, LAYER_SHARES, PRUNING } from './import.ts';

interface ImportFlags extends Common, Pick<ImportOptions, 'network' | 'output' | 'prune' | 'distribution'> {
  readonly input?: string;
  readonly sparsity?: string;
  readonly rename?: readonly string[];
  readonly classNames?: string;
  readonly mean?: string;
  readonly std?: string;
}

export function importCommand(root: Command): void {
  const command = addCommand(
    root,
    'import',
    'Takes weights that PyTorch trained, from a safetensors file with the names of its state dict.',
    [
      'import resnet50.safetensors --network resnet-50 --output ticket.safetensors',
      'import resnet50.safetensors --network resnet-50 --prune magnitude --sparsity 0.8 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225 --output resnet50.onnx',
      'import mine.safetensors --network mine.json --rename classifier.1=fc --output ticket.safetensors',
    ],
  )
    .argument('<FILE>', 'made in Python by safetensors.torch.save_file(model.state_dict(), FILE)')
    .requiredOption('--network <NAME>', 'a model such as resnet-50 or wrn-28-10, or a .json file with a network spec')
    .requiredOption('-o, --output <FILE>', 'a ticket (.safetensors), or a model for predict and serve (.onnx)')
    .addOption(new Option('--input <SHAPE>', "channels x height x width of a picture, as in 3x32x32; default: the model's own"))
    .addOption(new Option('--rename <FROM=TO...>', 'modules that the file calls otherwise than the spec, as in linear=fc'))
    .addOption(new Option('--prune <HOW>', 'magnitude: the smallest weights die; zeros: those that are 0 in the file').choices(PRUNING))
    .addOption(new Option('--sparsity <S>', 'share of weights that is dead (magnitude)'))
    .addOption(
      new Option('--distribution <NAME>', 'how live weights spread over the layers (magnitude); default: global').choices(LAYER_SHARES),
    )
    .addOption(new Option('--class-names <FILE>', 'names of the classes, one a line'))
    .addOption(new Option('--mean <NUMBERS>', 'of each channel, taken from pixels in [0, 1] in training; goes with --std'))
    .addOption(new Option('--std <NUMBERS>', 'by which each channel was divided in training; goes with --mean'));
  withOutput(command).action(async (file: string, { json, quiet, ...flags }: ImportFlags) => {
    const result = await importWeights(file, await optionsOf(flags));
    talk({ json, quiet }).result(result, importText(result));
  });
}

async function optionsOf({ network, output, prune, distribution, ...texts }: ImportFlags): Promise<ImportOptions> {
  const { input, sparsity, rename, classNames, mean, std } = texts;
  if ((mean === undefined) !== (std === undefined))
    throw refusal(mean === undefined ? '--mean' : '--std', 'both --mean and --std, or neither', new Error('only one of them'));
  return {
    network,
    output,
    ...(prune && { prune }),
    ...(distribution && { distribution }),
    ...(input !== undefined && { input: shapeOf(input) }),
    ...(sparsity !== undefined && { sparsity: numbersOf('--sparsity', sparsity, 1)[0]! }),
    ...(rename && { rename: Object.fromEntries(rename.map(renameOf)) }),
    info: {
      ...(classNames !== undefined && { classes: await linesOf(classNames) }),
      ...(mean !== undefined && std !== undefined && { normalization: { mean: numbersOf('--mean', mean), std: numbersOf('--std', std) } }),
    },
  };
}

const refusal = (at: string, expected: string, received: unknown) => new SparseError('INVALID_CONFIG', at, expected, received);

function shapeOf(text: string): readonly number[] {
  if (!/^[1-9]\d{0,7}(x[1-9]\d{0,7}){2}$/.test(text)) throw refusal('--input', 'channels x height x width, as in 3x32x32', text);
  return text.split('x').map(Number);
}

function numbersOf(at: string, text: string, count?: number): readonly number[] {
  const numbers = text.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
  if (!numbers.every(Number.isFinite) || (count !== undefined && numbers.length !== count))
    throw refusal(at, count === 1 ? 'a number' : 'numbers with commas between them', text);
  return numbers;
}

function renameOf(text: string): readonly [string, string] {
  const [, from, to] = /^([^=]+)=([^=]+)$/.exec(text) ?? [];
  if (from === undefined || to === undefined) throw refusal('--rename', "the file's name of a module = the spec's, as in linear=fc", text);
  return [from, to];
}

async function linesOf(path: string): Promise<readonly string[]> {
  const text = new TextDecoder().decode(await readFileOrExplain(path, 'class names, one a line'));
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}
