#!/usr/bin/env node
/** The process: signals in, exit code out. */
import { CommanderError } from 'commander';
import { EXIT, exitCodeOf, explain } from './exit.ts';
import { program } from './program.ts';

/** Until a command asks for it, a signal ends the process as it does any other. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  // What schedulers send before the time is up; it may come again.
  process.on('SIGUSR1', () => stop.abort());
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (stop.signal.aborted) process.exit(EXIT.interrupted);
      process.stderr.write(`${process.stderr.isTTY ? '\n' : ''}stopping; once more to stop at once\n`);
      stop.abort();
    });
  }
  return stop.signal;
}

/** A reader that has gone (`| head`) wants no more results; nobody listening to the talk is no reason to stop a training. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit();
  process.stderr.write(`error: standard output: ${error.message}\n`);
  process.exit(error.code === 'ENOSPC' ? EXIT.io : EXIT.failed);
});
process.stderr.on('error', () => {});

const root = program(stopSignal);
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
