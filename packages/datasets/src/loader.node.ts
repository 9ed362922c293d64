/**
 * A worker thread that makes batches, as the thread that takes them sees it. It never keeps the process alive on its own: only somebody who
 * waits for a batch does.
 */
import { Worker } from 'node:worker_threads';
import type { Recipe, Slot } from './batch-maker.ts';
import type { Task } from './loader-worker.node.ts';
import { Counter, newRing, type Ring, type RingSizes, slotOf } from './prefetch-ring.ts';

/** Sources are run by tests; a worker is always the compiled file. */
const FILE = new URL(import.meta.url.endsWith('.ts') ? '../dist/loader-worker.node.js' : './loader-worker.node.js', import.meta.url);

export class Loader {
  readonly #worker: Worker;
  #ring: Ring | undefined;
  #ended: string | undefined;
  #wake: () => void = () => {};

  /** @throws when the platform gives no thread */
  constructor(recipe: Recipe, file: URL = FILE) {
    // Flags of this process, such as a debugger's port or a loader, are not the worker's.
    this.#worker = new Worker(file, { workerData: recipe, name: 'freetickets-loader', execArgv: [] });
    this.#worker.on('message', () => this.#wake());
    this.#worker.on('error', (error) => this.#end(error.message));
    this.#worker.on('exit', (code) => this.#end(`it ended with exit code ${code}`));
    this.#worker.unref();
  }

  /** Why the worker is no more; undefined while it is. */
  get ended(): string | undefined {
    return this.#ended;
  }

  /** Begins a pass. The one before must be over. */
  begin(task: Omit<Task, 'ring'>, sizes: RingSizes): void {
    if (this.#ring?.batchSize !== sizes.batchSize || this.#ring.mixes !== sizes.mixes) this.#ring = newRing(sizes);
    this.#ring.counters.fill(0);
    this.#worker.postMessage({ ...task, ring: this.#ring } satisfies Task);
  }

  /**
   * Batch `index` of those that fall to this loader, counted from 0, which gives back the one before.
   * @returns views of the ring, which hold until the next call; undefined when the worker ended before it made that batch
   */
  take(index: number, size: number): Slot | Promise<Slot | undefined> {
    const ring = this.#ring!;
    Atomics.store(ring.counters, Counter.free, index);
    // A full ring is let run half empty: waking the worker for every batch costs both threads more than it gives.
    if (Atomics.load(ring.counters, Counter.made) - index <= ring.slots / 2) Atomics.notify(ring.counters, Counter.free);
    if (this.#isMade(index)) return slotOf(ring, index, size);
    return this.#wait(index).then((made) => (made ? slotOf(ring, index, size) : undefined));
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #isMade(index: number): boolean {
    return Atomics.load(this.#ring!.counters, Counter.made) > index;
  }

  async #wait(index: number): Promise<boolean> {
    this.#worker.ref();
    try {
      for (;;) {
        const message = new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        Atomics.store(this.#ring!.counters, Counter.waiting, 1);
        if (this.#isMade(index)) return true;
        if (this.#ended !== undefined) return false;
        await message;
      }
    } finally {
      this.#worker.unref();
    }
  }

  #end(why: string): void {
    this.#ended ??= why;
    this.#wake();
  }
}
