// A worker process that has imported everything and has no model yet. Starting a process takes longer than loading most models, so who
// needs a worker at once, because another was killed or a model is loaded anew, takes this one, and the next is started in its place.

import { type ChildProcess, spawn } from 'node:child_process';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface BlankProcess {
  readonly child: ChildProcess;
  readonly socket: Duplex;
  /** How the process ended; never rejects. */
  readonly ended: Promise<string>;
}

// Node 20 cannot run the TypeScript source, so a server that runs from src/ (under vitest) starts the built worker.
const childFile = fileURLToPath(new URL(import.meta.url.endsWith('.ts') ? '../../dist/workers/child.js' : './child.js', import.meta.url));

/** How long after a start the spare is started: whatever was started last has the processor to itself until then. */
const pauseMs = 1000;

export function startBlank(): BlankProcess {
  const child = spawn(process.execPath, [childFile], {
    stdio: ['ignore', 2, 2, 'pipe'], // whatever native code prints is talk, so stderr
  });
  const socket = child.stdio[3] as Duplex;
  socket.on('error', () => {}); // a write to a process that is gone; its exit tells the rest
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
  return { child, socket, ended };
}

/** One spare for all models of a server. */
export class Spares {
  #spare: BlankProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** Process id of the spare, where there is one. */
  get pid(): number | undefined {
    return this.#spare?.child.pid;
  }

  /** The spare, or where there is none a new process. */
  take(): BlankProcess {
    const spare = this.#spare;
    this.#spare = undefined;
    return spare ?? startBlank();
  }

  /** Starts the next spare, soon. */
  replace(): void {
    clearTimeout(this.#timer);
    if (this.#spare || this.#closed) return;
    this.#timer = setTimeout(() => this.#start(), pauseMs).unref();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#spare?.socket.destroy(); // at which it ends
    await this.#spare?.ended;
  }

  #start(): void {
    const spare = startBlank();
    this.#spare = spare;
    spare.ended.then(() => {
      if (this.#spare === spare) this.#spare = undefined;
    });
  }
}
