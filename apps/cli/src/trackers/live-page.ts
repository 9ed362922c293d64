/** The live page of a run, beside its training in a process of its own: neither waits for the other. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Tracker } from './tracker.ts';

/** Sources are run by tests; a process is always the compiled file. */
const FILE = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? '../../dist/trackers/live-page-process.js' : './live-page-process.js', import.meta.url),
);

export interface PageTask {
  readonly run: string;
  readonly port: number;
}

/** What the process answers. */
export type PageStart = { readonly address: string } | { readonly error: string };

export const livePage = (port: number): Tracker => ({
  async open(folder, _start, talk) {
    const child = fork(FILE, { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    child.send({ run: folder.path, port } satisfies PageTask);
    const answer = await startOf(child);
    talk.say(
      'address' in answer ? `${answer.address} shows this run while it is trained` : `warning: no page of this run: ${answer.error}`,
    );
    child.unref();
    child.channel?.unref();
    return {
      async take() {},
      async end() {
        if (!child.connected) return;
        child.ref();
        const ended = once(child, 'exit');
        child.send('stop');
        await ended;
      },
    };
  },
});

async function startOf(child: ChildProcess): Promise<PageStart> {
  return new Promise((resolve) => {
    child.once('message', (answer: PageStart) => resolve(answer));
    child.once('error', (error) => resolve({ error: error.message }));
    child.once('exit', (code, signal) => resolve({ error: `its process ended with ${signal ?? `exit code ${code}`}` }));
  });
}
