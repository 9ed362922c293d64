/** The `freetickets` command as a process, and folders to run it in. The command has to be built. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { onTestFinished, vi } from 'vitest';

/** Without native kernels, and on a busy machine, a test takes many times as long. */
vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 });

export const MAIN = fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url));

/** Real data sets, where this machine has them. */
const DATA = fileURLToPath(new URL('../../../shared/data', import.meta.url));
export const MNIST = join(DATA, 'mnist');
export const CIFAR = join(DATA, 'cifar10-images.tar.gz');
/** For the title of a test that needs one of them. */
export const orSkipped = (title: string, path: string): string => (existsSync(path) ? title : `${title} (skipped: there is no ${path})`);

/** Options of a run that takes a second: 540 generated pictures of 8 x 8, 17 steps an epoch. */
export const SMALL =
  '--limit-per-class 60 --image-size 8 --batch-size 32 --rewire-every 10 --tickets 2 --explore-epochs 2 --refine-epochs 1'.split(' ');

export interface Finished {
  /** Exit code, or the signal that ended the process. */
  readonly code: number | NodeJS.Signals;
  readonly stdout: string;
  readonly stderr: string;
}

export class Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv = {}, cwd = process.cwd()) {
    this.child = spawn(process.execPath, [MAIN, ...args], { env: { ...process.env, ...environment }, cwd });
    this.child.stdout!.on('data', (chunk: Buffer) => (this.stdout += chunk));
    this.child.stderr!.on('data', (chunk: Buffer) => (this.stderr += chunk));
    this.finished = new Promise((resolve) => {
      this.child.once('close', (code, signal) => resolve({ code: code ?? signal!, stdout: this.stdout, stderr: this.stderr }));
    });
  }

  /** Resolves as soon as what was written so far matches; fails when the process ends before. */
  async said(where: 'stdout' | 'stderr', pattern: RegExp): Promise<void> {
    const stream = this.child[where]!;
    const seen = new Promise<true>((resolve) => {
      const look = () => pattern.test(this[where]) && resolve(true);
      look();
      stream.on('data', look);
    });
    if ((await Promise.race([seen, this.finished])) === true) return;
    throw new Error(`ended before it said ${pattern}: ${this.stdout}${this.stderr}`);
  }

  async kill(signal: NodeJS.Signals): Promise<Finished> {
    this.child.kill(signal);
    return this.finished;
  }
}

/** Starts the command; it is killed at the end of the test at the latest. */
export function start(args: readonly string[], environment?: NodeJS.ProcessEnv, cwd?: string): Running {
  const running = new Running(args, environment, cwd);
  onTestFinished(() => void running.child.kill('SIGKILL'));
  return running;
}

/** Runs the command to its end. */
export const run = (args: readonly string[], environment?: NodeJS.ProcessEnv): Promise<Finished> => new Running(args, environment).finished;

/** Runs it and takes its one JSON document, having checked that it went well and said nothing else. */
export async function json<T>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await run([...args, '--json']);
  if (code !== 0) throw new Error(`${args.join(' ')}: exit code ${code}: ${stderr}`);
  return JSON.parse(stdout) as T;
}

/** Processes that a process has started; none where it has ended. Of Linux. */
export function childrenOf(pid: number): number[] {
  try {
    const list = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return list.split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** A new folder. Whoever makes it removes it: `remove` in `afterAll`, or at once with `temporary`. */
export const folder = (): string => mkdtempSync(join(tmpdir(), 'freetickets-e2e-'));
export const remove = (path: string): void => rmSync(path, { recursive: true, force: true });

/** A new folder for one test. */
export function temporary(): string {
  const path = folder();
  onTestFinished(() => remove(path));
  return path;
}

/** Every file below a folder with its bytes, by relative path. */
export function contents(path: string): Record<string, string> {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const entries = files.map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(entries.sort().map((file) => [file.slice(path.length + 1), readFileSync(file, 'latin1')]));
}

/** The tickets of a run, byte for byte. */
export const ticketsOf = (run: string): Record<string, string> => contents(join(run, 'tickets'));

/** What happened in a run, without the times that no two runs share. */
export function eventsOf(run: string): Record<string, unknown>[] {
  const lines = readFileSync(join(run, 'events.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => {
    const { seconds, waitedSeconds, ...event } = JSON.parse(line) as Record<string, unknown>;
    return event;
  });
}

/** Length of a run's log in lines; 0 while there is none. */
export function linesOf(run: string): number {
  const log = join(run, 'events.jsonl');
  return existsSync(log) ? readFileSync(log, 'utf8').split('\n').length - 1 : 0;
}

/** Waits until the log of the run that `running` trains has `lines` lines. Fails when the process ends before. */
export async function reached(lines: number, run: string, running: Running): Promise<void> {
  let end: Finished | undefined;
  void running.finished.then((finished) => {
    end = finished;
  });
  while (linesOf(run) < lines) {
    if (end) throw new Error(`ended before its log had ${lines} lines, with ${end.code}: ${end.stderr}`);
    await delay(1); // a look every millisecond, for as long as it takes
  }
}

/** Largest absolute difference of two lists of the same length. */
export const difference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  a.length === b.length ? Array.from(a).reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0) : Number.NaN;
