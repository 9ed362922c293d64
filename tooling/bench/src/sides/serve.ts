/** A side in this process: holds tasks and runs them when asked, over standard input and output, as peers/protocol.py does for the others. */
import { createInterface } from 'node:readline';
import type { Times, Versions } from '../side.ts';

export interface Held {
  /** Milliseconds of each part of one run. */
  run(): Promise<Readonly<Record<string, number>>>;
  close(): Promise<void>;
}

interface Request<Task> {
  readonly call: 'prepare' | 'run' | 'release';
  readonly name: string;
  readonly task: Task;
  readonly leastMs: number;
}

const answer = (document: object) => process.stdout.write(`${JSON.stringify(document)}\n`);

/** Until standard input ends. */
export async function serve<Task>(versions: Versions, hold: (task: Task) => Promise<Held>): Promise<void> {
  const held = new Map<string, Held>();
  const handle = async ({ call, name, task, leastMs }: Request<Task>): Promise<Times | null> => {
    if (call === 'run') return repeat(held.get(name)!, leastMs);
    if (call === 'prepare') held.set(name, await hold(task));
    else {
      await held.get(name)?.close();
      held.delete(name);
    }
    return null;
  };
  answer({ ok: versions });
  for await (const line of createInterface({ input: process.stdin }))
    await handle(JSON.parse(line) as Request<Task>).then(
      (ok) => answer({ ok }),
      (error: Error) => answer({ error: error.message }),
    );
}

async function repeat(held: Held, leastMs: number): Promise<Times> {
  const times: Record<string, number[]> = {};
  const start = performance.now();
  do {
    for (const [part, milliseconds] of Object.entries(await held.run())) times[part] = [...(times[part] ?? []), milliseconds];
  } while (performance.now() - start < leastMs);
  return times;
}
