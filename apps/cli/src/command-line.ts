import { type CommandShape, commandShapes } from './completion/command-shape.ts';
import { program } from './program.ts';

/** Every command with its arguments, options and examples, for documentation. */
export const commandLine = (): readonly CommandShape[] => commandShapes(program(() => new AbortController().signal));
