/** A helper in a child process, over the channel that Node opens to it: a socket of the system, messages by structured cloning. */
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Asked, Link, ShardRequest } from '@freetickets/dst-trainer';
import type { ShardResult } from '@freetickets/sparse-core';

/** Sources are run by tests; a process is always the compiled file. */
const FILE = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/parallel/shard-process.js' : './shard-process.js', import.meta.url),
);

/** What a helper is told when it starts. */
export interface HelperTask {
  /** Name of an engine, with its instruction set. */
  readonly engine: string;
  readonly threads: number;
}

export function forkLink(task: HelperTask): Link {
  const stdio: ('ignore' | 'inherit' | 'ipc')[] = ['ignore', 'ignore', 'inherit', 'ipc'];
  const child = fork(FILE, [JSON.stringify(task)], { execArgv: [], serialization: 'advanced', stdio });
  const waiting: Waiting[] = [];
  let gone: Error | undefined;
  const lose = (reason: string) => {
    gone ??= new Error(reason);
    for (const { reject } of waiting.splice(0)) reject(gone);
  };
  child.on('message', (results: readonly ShardResult[]) => waiting.shift()?.resolve(results));
  child.once('error', (error) => lose(error.message));
  child.once('exit', (code, signal) => lose(`its process ended with ${signal ?? `exit code ${code}`}`));

  const ask = (request: ShardRequest): Asked => {
    const answer = new Promise<readonly ShardResult[]>((resolve, reject) => {
      if (gone) reject(gone);
      else waiting.push({ resolve, reject });
    });
    const written = new Promise<void>((resolve) => {
      if (gone || !child.connected) resolve();
      else child.send(request, () => resolve());
    });
    const over = answer.then(
      () => {},
      () => {},
    );
    return { sent: Promise.race([written, over]), answer };
  };
  const close = () => {
    lose('it was given up'); // a process that waits for a disk does not end, not even of SIGKILL, before that answers
    child.kill('SIGKILL');
  };
  return { ask, close };
}

interface Waiting {
  readonly resolve: (results: readonly ShardResult[]) => void;
  readonly reject: (reason: Error) => void;
}
