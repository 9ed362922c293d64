/** What the commands' options have in common. */
import { listModels, SparseError } from '@freetickets/sparse-core';
import { type Command, Option } from 'commander';
import { FIELDS, type FieldName, flagOf, isAdvanced } from './experiment-fields.ts';

/** What the help says of an option or argument, with its choices and its default in the words that fields of an experiment use. */
export function described({ description, argChoices, defaultValue }: Pick<Option, 'description' | 'argChoices' | 'defaultValue'>): string {
  const facts = [
    ...(argChoices === undefined ? [] : [`one of ${argChoices.join(', ')}`]),
    ...(typeof defaultValue === 'string' ? [`default: ${defaultValue}`] : []),
  ];
  return facts.length === 0 ? description : `${description} (${facts.join('; ')})`;
}

/** `--json` and `--quiet`, which every command has. */
export interface Common {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Adds the options that end as an unknown one does, `--explore-epochs` for `--epochs`, where commander knows none that is spelt alike. */
function withLongerNames(command: Command, message: string): string {
  const unknown = /^error: unknown option '-(-[\w-]+)'\n$/.exec(message)?.[1];
  if (unknown === undefined) return message;
  const names = command.options.flatMap(({ long, hidden }) => (long?.endsWith(unknown) && !hidden ? [long] : []));
  return names.length === 0 ? message : `${message}(Did you mean ${names.length > 1 ? 'one of ' : ''}${names.join(', ')}?)\n`;
}

export function addCommand(root: Command, usage: string, about: string, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  $ freetickets ${example}`).join('\n');
  const command = root.command(usage).description(about).addHelpText('after', `\nExamples:\n${lines}`);
  command.configureOutput({ outputError: (message, write) => write(withLongerNames(command, message)) });
  EXAMPLES.set(command, examples);
  return command;
}

const EXAMPLES = new WeakMap<Command, readonly string[]>();

/** What follows `freetickets` in the examples of a command's help. */
export const examplesOf = (command: Command): readonly string[] => EXAMPLES.get(command) ?? [];

const SUGGESTIONS = new WeakMap<Option, () => readonly string[]>();

/** Gives an option values that a shell may offer; unlike choices, they are not all that it takes. */
export function suggest(option: Option, values: () => readonly string[]): Option {
  SUGGESTIONS.set(option, values);
  return option;
}

/** Values that a shell may offer for an option. */
export const valuesFor = (option: Option): readonly string[] => option.argChoices ?? SUGGESTIONS.get(option)?.() ?? [];

export function withOutput(command: Command): Command {
  return command
    .addOption(new Option('--json', 'one JSON document on standard output, and nothing else').helpGroup('Output:'))
    .addOption(new Option('-q, --quiet', 'nothing but the result').helpGroup('Output:'));
}

/** Fields of an experiment as options, with their help and defaults. Their values stay texts; `resolveExperiment` reads them. */
export function withFields(command: Command, names: readonly FieldName[], heading?: string): Command {
  for (const name of names) {
    const field = FIELDS[name];
    const { help, value, schema } = field;
    const fallback = schema.safeParse(undefined).data;
    const shown = fallback === undefined ? '' : ` (default: ${fallback})`;
    const group = heading ?? (isAdvanced(name) ? 'Advanced options:' : 'Options:');
    const option = new Option(value === '' ? `${flagOf(name)} [BOOLEAN]` : `${flagOf(name)} <${value}>`, `${help}${shown}`).helpGroup(
      group,
    );
    if (name === 'network') suggest(option, () => listModels().map((model) => model.name));
    if ('names' in field) suggest(option, () => field.names);
    command.addOption(value === '' ? option.preset('true') : option);
  }
  return command;
}

/** @throws SparseError INVALID_CONFIG */
export function wholeNumber(at: string, text: string, least: number, most = Number.MAX_SAFE_INTEGER): number {
  const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new SparseError('INVALID_CONFIG', at, `a whole number ${range}`, text);
}

/** @throws SparseError INVALID_CONFIG */
export function aboveZero(at: string, text: string): number {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isFinite(number) && number > 0) return number;
  throw new SparseError('INVALID_CONFIG', at, 'a number above 0', text);
}
