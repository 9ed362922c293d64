/**
 * Batches made in worker threads while the engine computes. Same interface, same batches, bit for bit, as the source that is wrapped:
 * which thread makes a batch decides nothing about it.
 */
import { type Batch, type PassOptions, type Source, SparseError } from '@freetickets/sparse-core';
import { type BatchMaker, batchMaker, type Draws, type Recipe, type Slot } from './batch-maker.ts';
import { Loader } from './loader.node.ts';
import { inSharedMemory } from './shared-bytes.ts';
import { checkPass, recipeOf } from './source.ts';

export interface PrefetchOptions {
  /** Threads that make the batches of one pass in turn. Default 1; 0 makes them in the calling thread. */
  readonly workers?: number;
  /** Batches that each worker may be ahead, the one in use included; at least 2. Default 4. */
  readonly ahead?: number;
  /** Told in one sentence when a worker could not start or ended; the calling thread then makes its batches. */
  readonly onNotice?: (sentence: string) => void;
}

/** To be closed when no more passes are wanted: that ends its workers. A process that does not close it can end all the same. */
export interface PrefetchedSource extends Source, AsyncDisposable {}

/**
 * Wraps a source of `sourceOf`. A batch's arrays hold until the next one is asked for: whoever keeps a batch copies it. Pictures are read from
 * shared memory, where the loaders of this package put them; others are copied there once. Workers start with the first pass and stay for
 * the next; a pass that is left early ends its own. Any other source stays as it is.
 *
 * @throws SparseError INVALID_ARGUMENT naming the option
 * @example await using source = prefetch(sourceOf(set.train, { dataset: set })); // then as any source
 */
export function prefetch(source: Source, { workers = 1, ahead = 4, onNotice = () => {} }: PrefetchOptions = {}): PrefetchedSource {
  checkCount('workers', workers, 0);
  checkCount('ahead', ahead, 2);
  const recipe = recipeOf(source);
  if (!recipe) return { ...aboutOf(source), batches: (options) => source.batches(options), [Symbol.asyncDispose]: async () => {} };
  return new Prefetched(source, recipe, { workers, ahead, onNotice });
}

/** More threads than any machine has use for; a slip of the keyboard must not start thousands. */
const MOST = 64;

function checkCount(at: string, value: number, least: number): void {
  if (!Number.isSafeInteger(value) || value < least || value > MOST)
    throw new SparseError('INVALID_ARGUMENT', at, `a whole number from ${least} to ${MOST}`, value);
}

const aboutOf = ({ size, classes, shape }: Source) => ({ size, classes, shape });

class Prefetched implements PrefetchedSource {
  readonly size: number;
  readonly classes: readonly string[];
  readonly shape: readonly number[];
  readonly #recipe: Recipe;
  readonly #maker: BatchMaker;
  readonly #ahead: number;
  readonly #onNotice: (sentence: string) => void;
  #workers: number;
  readonly #idle: Loader[] = [];
  readonly #busy = new Set<Loader>();
  #closed = false;

  constructor({ size, classes, shape }: Source, recipe: Recipe, { workers, ahead, onNotice }: Required<PrefetchOptions>) {
    [this.size, this.classes, this.shape] = [size, classes, shape];
    const { samples } = recipe;
    this.#recipe = workers === 0 ? recipe : { ...recipe, samples: { ...samples, images: inSharedMemory(samples.images) } };
    this.#maker = batchMaker(this.#recipe);
    [this.#workers, this.#ahead, this.#onNotice] = [workers, ahead, onNotice];
  }

  batches(options: PassOptions): Iterable<Batch> | AsyncIterable<Batch> {
    checkPass(options);
    this.#checkOpen();
    return this.#workers === 0 ? this.#passHere(options) : this.#passThere(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#idle.splice(0), ...this.#busy].map((loader) => loader.close()));
  }

  *#passHere({ batchSize, shuffle, from = 0 }: PassOptions): Generator<Batch, void, undefined> {
    if (from * batchSize >= this.size) return;
    const draws = this.#maker.draw(shuffle);
    // The same arrays for every full batch: new ones would cost as much as filling them.
    const full = this.#maker.slot(Math.min(batchSize, this.size), shuffle);
    for (let start = from * batchSize; start < this.size; start += batchSize) {
      const size = Math.min(batchSize, this.size - start);
      const slot = size === full.labels.length ? full : this.#maker.slot(size, shuffle);
      this.#maker.fill(slot, start, draws);
      yield { size, ...slot };
    }
  }

  async *#passThere(options: PassOptions): AsyncGenerator<Batch, void, undefined> {
    const { batchSize, shuffle, from = 0 } = options;
    const batchesLeft = Math.ceil(this.size / batchSize) - from;
    const loaders = this.#hire(Math.min(this.#workers, batchesLeft), options);
    const makeHere = this.#substitute(shuffle);
    let over = false;
    try {
      for (let turn = 0; turn < batchesLeft; turn++) {
        const start = (from + turn) * batchSize;
        const size = Math.min(batchSize, this.size - start);
        const loader = loaders[turn % loaders.length];
        const made = await loader?.take(Math.floor(turn / loaders.length), size);
        this.#checkOpen();
        if (!made) this.#giveUp(loader?.ended);
        yield { size, ...(made ?? makeHere(start, size)) };
      }
      over = true;
    } finally {
      await this.#release(loaders, over);
    }
  }

  /** Loaders that have begun on the pass: those at rest, and new ones. None if the platform gives no thread. */
  #hire(count: number, { batchSize, shuffle, from = 0 }: PassOptions): Loader[] {
    const loaders: Loader[] = [];
    try {
      while (loaders.length < count) loaders.push(this.#idle.pop() ?? new Loader(this.#recipe));
    } catch (error) {
      this.#giveUp((error as Error).message);
    }
    for (const [lane, loader] of loaders.entries()) {
      this.#busy.add(loader);
      const ring = { slots: this.#ahead, batchSize, pixels: this.#maker.pixels, mixes: this.#maker.mixes(shuffle) };
      loader.begin({ from: from + lane, stride: loaders.length, ...(shuffle && { shuffle }) }, ring);
    }
    return loaders;
  }

  /** A pass that is over leaves its loaders at rest; one that was left early has them in the middle of their work. */
  async #release(loaders: readonly Loader[], over: boolean): Promise<void> {
    for (const loader of loaders) this.#busy.delete(loader);
    const fit = loaders.filter((loader) => over && !this.#closed && loader.ended === undefined);
    this.#idle.push(...fit);
    await Promise.all(loaders.filter((loader) => !fit.includes(loader)).map((loader) => loader.close()));
  }

  /** Makes what a loader did not. If the fault lies in the data, it shows here too, as the error that it is. */
  #substitute(shuffle: PassOptions['shuffle']): (start: number, size: number) => Slot {
    let draws: Draws | undefined;
    return (start, size) => {
      draws ??= this.#maker.draw(shuffle);
      const slot = this.#maker.slot(size, shuffle);
      this.#maker.fill(slot, start, draws);
      return slot;
    };
  }

  /** No further workers are tried, and it is said once. */
  #giveUp(why: string | undefined): void {
    if (this.#workers === 0) return;
    this.#workers = 0;
    this.#onNotice(`A worker that loads data could not be used (${why}); batches are made in the training thread`);
  }

  #checkOpen(): void {
    if (this.#closed) throw new SparseError('INVALID_ARGUMENT', 'prefetched source', 'an open source', 'one that was closed');
  }
}
