/** The command line as data, read from the commands themselves: shell completions and reference pages are made of it. */
import type { Argument, Command, Option } from 'commander';
import { examplesOf, valuesFor } from '../options.ts';

export interface CommandShape {
  readonly name: string;
  readonly about: string;
  /** As its help has it. */
  readonly usage: string;
  readonly arguments: readonly ArgumentShape[];
  readonly options: readonly OptionShape[];
  /** What follows `freetickets`. */
  readonly examples: readonly string[];
}

/** What stands for a value, as in `FILE`, what it is to be, and what a shell may offer for it. */
interface ValueShape {
  readonly value: string;
  readonly help: string;
  readonly values: readonly string[];
  readonly paths: 'none' | 'files' | 'folders';
}

export interface ArgumentShape extends ValueShape {
  /** As in `[MODEL...]`. */
  readonly term: string;
}

export interface OptionShape extends ValueShape {
  /** `--output` */
  readonly long: string;
  /** `-o` */
  readonly short?: string;
  /** As in `-o, --output <FILE>`. */
  readonly term: string;
  /** How many values it takes. */
  readonly takes: 'none' | 'at most one' | 'one' | 'several';
  /** Under which heading the help has it. */
  readonly group: string;
  /** What the help says, with choices and default. */
  readonly fullHelp: string;
}

/** All commands, in the order of the help. */
export const commandShapes = (root: Command): readonly CommandShape[] => root.commands.map(shapeOf);

function shapeOf(command: Command): CommandShape {
  const help = command.createHelp();
  return {
    name: command.name(),
    about: command.description(),
    usage: help.commandUsage(command),
    arguments: command.registeredArguments.map(argumentShape),
    options: command.options.map((option) => ({ ...optionShape(option), fullHelp: help.optionDescription(option) })),
    examples: examplesOf(command),
  };
}

function argumentShape(argument: Argument): ArgumentShape {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return {
    term: argument.required ? `<${name}>` : `[${name}]`,
    value: argument.name(),
    help: argument.description,
    values: argument.argChoices ?? [],
    paths: pathsOf(argument.name()),
  };
}

function optionShape(option: Option): Omit<OptionShape, 'fullHelp'> {
  const value = /[<[]([^.>\]]+)/.exec(option.flags)?.[1] ?? '';
  return {
    long: option.long!,
    ...(option.short !== undefined && { short: option.short }),
    term: option.flags,
    takes: value === '' ? 'none' : option.variadic ? 'several' : option.optional ? 'at most one' : 'one',
    group: option.helpGroupHeading?.replace(/:$/, '') ?? 'Options',
    value,
    help: option.description,
    values: value === 'BOOLEAN' ? ['true', 'false'] : valuesFor(option),
    paths: pathsOf(value),
  };
}

/** By the word that stands for it; every command uses the same ones. */
function pathsOf(value: string): ValueShape['paths'] {
  if (/^(DIR|FOLDER)$/.test(value)) return 'folders';
  return /^(FILE|PATH|RUN|MODEL)$/.test(value) ? 'files' : 'none';
}

/** The first part of a help text, for a line in a menu. */
export const briefly = (help: string): string => help.split(/[;(]/, 1)[0]!.trim().replace(/\.$/, '');
