/**
 * One side of a comparison: a process of its own that holds tasks and runs them when asked, over standard input and output, one JSON
 * document a line. Its processes are peers/*_side.* and sides/ours.ts. Whatever goes wrong there is an answer here, never an exception: a
 * peer that fails is a result.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export interface SideCommand {
  /** For people: `PyTorch`. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export type Reply<T> = { readonly ok: T } | { readonly error: string };

/** Milliseconds of every run, by part: `step`, or `forward` and `backward`. */
export type Times = Readonly<Record<string, readonly number[]>>;

export type Versions = Readonly<Record<string, string>>;

export class Side implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #waiting: ((reply: Reply<unknown>) => void)[] = [];
  readonly #greeting: Promise<Reply<Versions>>;
  #said = '';
  #ended: string | undefined;

  constructor({ command, args, env }: SideCommand) {
    this.#greeting = new Promise((resolve) => this.#waiting.push(resolve as (reply: Reply<unknown>) => void));
    this.#process = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#process.stderr!.on('data', (data: Buffer) => {
      this.#said = (this.#said + data.toString()).slice(-4000);
    });
    this.#process.stdin!.on('error', () => {}); // a process that has ended says why by ending
    createInterface({ input: this.#process.stdout! }).on('line', (line) => this.#waiting.shift()?.(JSON.parse(line) as Reply<unknown>));
    this.#process.on('error', (error) => this.#end(error.message));
    this.#process.on('close', (code, signal) => this.#end(`ended with ${signal ?? code}${this.#lastWords}`));
  }

  /** Versions of what runs there, once it has started. */
  versions(): Promise<Reply<Versions>> {
    return this.#greeting;
  }

  prepare(name: string, task: object): Promise<Reply<null>> {
    return this.#call({ call: 'prepare', name, task });
  }

  /** At least one run, and as many as `leastMs` holds. */
  run(name: string, leastMs: number): Promise<Reply<Times>> {
    return this.#call({ call: 'run', name, leastMs });
  }

  release(name: string): Promise<Reply<null>> {
    return this.#call({ call: 'release', name });
  }

  /** The most memory it has held, in bytes; undefined where Linux does not say. */
  peakBytes(): number | undefined {
    try {
      const status = readFileSync(`/proc/${this.#process.pid}/status`, 'utf8');
      return 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)![1]);
    } catch {
      return undefined;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended !== undefined) return;
    const ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.stdin!.end();
    await ended;
  }

  async #call<T>(request: object): Promise<Reply<T>> {
    const greeting = await this.#greeting;
    if ('error' in greeting) return greeting;
    if (this.#ended !== undefined) return { error: this.#ended };
    const reply = new Promise<Reply<unknown>>((resolve) => this.#waiting.push(resolve));
    this.#process.stdin!.write(`${JSON.stringify(request)}\n`);
    return (await reply) as Reply<T>;
  }

  #end(reason: string): void {
    this.#ended ??= reason;
    for (const resolve of this.#waiting.splice(0)) resolve({ error: this.#ended });
  }

  get #lastWords(): string {
    const line = this.#said.trim().split('\n').at(-1);
    return line ? `: ${line}` : '';
  }
}

/** Starts each side when it is first asked for, and keeps it. */
export class Sides implements AsyncDisposable {
  readonly #sides = new Map<string, Side>();

  get(command: SideCommand): Side {
    const key = JSON.stringify(command);
    const side = this.#sides.get(key) ?? new Side(command);
    this.#sides.set(key, side);
    return side;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#sides.values()].map((side) => side[Symbol.asyncDispose]()));
    this.#sides.clear();
  }
}
