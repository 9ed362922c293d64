#!/usr/bin/env node
/** The process: signals in, exit code out. */
import { CommanderError } from 'commander';
import { program } from './program.ts';
import { EXIT, exitCodeOf, explain } from './talk.ts';

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => {
    if (stop.signal.aborted) process.exit(130);
    process.stderr.write('\nstopping; once more to stop at once\n');
    stop.abort();
  });
}

const root = program(stop.signal);
for (const command of [root, ...root.commands]) command.exitOverride();
try {
  await root.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : EXIT.usage;
  else {
    process.stderr.write(`${explain(error)}\n`);
    process.exitCode = exitCodeOf(error);
  }
}
