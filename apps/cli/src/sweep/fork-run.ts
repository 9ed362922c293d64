/** A run of a sweep in a process of its own. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RunEnd, RunTask } from './train-run.ts';

/** Sources are run by tests; a process is always the compiled file. */
const FILE = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/sweep/run-process.js' : './run-process.js', import.meta.url),
);

/** Stops after a checkpoint when `signal` aborts. A process that dies has failed its run and nothing else. */
export function forkRun(task: RunTask, signal: AbortSignal): Promise<RunEnd> {
  return new Promise((resolve) => {
    // Flags of this process, such as a debugger's port, are not the child's.
    const child = fork(FILE, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const failed = (error: string) => resolve({ end: 'failed', error, ofDisk: false });
    const stop = () => child.connected && child.send('stop');
    signal.addEventListener('abort', stop, { once: true });
    child.once('message', (end: RunEnd) => resolve(end));
    child.once('error', (error) => failed(`the process of the run: ${error.message}`));
    child.once('exit', (code, killed) => {
      signal.removeEventListener('abort', stop);
      failed(`the process of the run ended with ${killed ?? `exit code ${code}`}`); // unless it has told its end before
    });
    child.send(task);
  });
}
