/**
 * Tasks as processes, a few at a time, for people without a scheduler: on this machine or, by ssh, on others. The contract is the scheduler's:
 * what a task's exit code says is done.
 */
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { EXIT } from '../exit.ts';
import type { Task } from './tasks.ts';

/** Where one task runs at a time. */
export interface Place {
  readonly name: string;
  /** Program and arguments. */
  command(task: Task): readonly [program: string, ...args: string[]];
  /** Asks a running task to save a checkpoint and end. */
  readonly stopSignal: NodeJS.Signals;
}

export interface PoolOptions {
  readonly retries: number;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Before a task is tried again. */
  readonly pauseMs: number;
}

export type TaskEnd = 'finished' | 'failed' | 'stopped';

/** Of ssh, when the other machine cannot be reached or the connection is lost. */
const UNREACHABLE = 255;

/** A task that is neither finished nor failed for good goes to the end of the line. @returns how each ended, by index */
export async function runTasks(tasks: readonly Task[], places: readonly Place[], options: PoolOptions): Promise<Map<number, TaskEnd>> {
  const { retries, signal, say, pauseMs } = options;
  const ends = new Map<number, TaskEnd>(tasks.map(({ index }) => [index, 'stopped']));
  const line = tasks.map((task) => ({ task, tries: 0 }));
  const running = new Set<Promise<boolean>>();

  /** @returns whether the place may have another one */
  const attempt = async (place: Place, { task, tries }: (typeof line)[number]): Promise<boolean> => {
    const code = await run(place, task, signal);
    say(`member ${task.member} of ${task.run} on ${place.name}: ${code === 0 ? 'finished' : `ended with ${code}`}`);
    if (code === 0) ends.set(task.index, 'finished');
    else if (code === EXIT.permanent || code === EXIT.usage || (tries >= retries && code !== EXIT.resume)) ends.set(task.index, 'failed');
    else if (!signal.aborted) {
      line.push({ task, tries: code === EXIT.resume ? tries : tries + 1 });
      await delay(pauseMs, undefined, { signal }).catch(() => {});
    }
    return code !== UNREACHABLE;
  };

  const work = async (place: Place): Promise<void> => {
    while (!signal.aborted) {
      const next = line.shift();
      if (next) {
        const trying = attempt(place, next);
        running.add(trying);
        const reachable = await trying;
        running.delete(trying);
        if (!reachable) return say(`${place.name} gets no more tasks`);
      } else if (running.size > 0) {
        await Promise.race(running); // it may come back
      } else return;
    }
  };
  await Promise.all(places.map(work));
  return ends;
}

/** @returns its exit code; of a killed one the signal */
function run(place: Place, task: Task, signal: AbortSignal): Promise<number | NodeJS.Signals> {
  return new Promise((resolve) => {
    const [program, ...args] = place.command(task);
    if (signal.aborted) return resolve(EXIT.resume);
    // Its own group: a Ctrl-C at the terminal is this process's to pass on.
    const child = spawn(program, args, { stdio: ['ignore', 2, 2], detached: true });
    const stop = () => child.kill(place.stopSignal);
    signal.addEventListener('abort', stop, { once: true });
    child.once('error', () => resolve(UNREACHABLE));
    child.once('close', (code, killed) => {
      signal.removeEventListener('abort', stop);
      resolve(code ?? killed!);
    });
  });
}
