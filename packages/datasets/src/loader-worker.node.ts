/**
 * What runs in a loader's thread: for each pass it is told, it makes every batch that falls to it, a few ahead of the thread that takes
 * them, and sleeps when the ring is full. An error ends the thread; `loader.node.ts` sees that.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type BatchMaker, batchMaker, type Draws, type Recipe, type Shuffle } from './batch-maker.ts';
import { Counter, type Ring, slotOf } from './prefetch-ring.ts';

export interface Task {
  readonly ring: Ring;
  readonly shuffle?: Shuffle;
  /** The first batch to make, and the distance to the next. */
  readonly from: number;
  readonly stride: number;
}

/** The batch that was waited for is there. */
const MADE = 'made';

function work(recipe: Recipe, say: (message: typeof MADE) => void): (task: Task) => void {
  const maker = batchMaker(recipe);
  const draws = drawsAhead(maker);
  return ({ ring, shuffle, from, stride }) => {
    const { batchSize } = ring;
    const drawn = draws.of(shuffle);
    let made = 0;
    for (let start = from * batchSize; start < recipe.samples.size; start += stride * batchSize) {
      waitForSlot(ring, made);
      maker.fill(slotOf(ring, made, Math.min(batchSize, recipe.samples.size - start)), start, drawn);
      made++;
      // First the batch, then the question whether anybody waits; the taker does both the other way round, so one of the two notices.
      Atomics.store(ring.counters, Counter.made, made);
      if (Atomics.exchange(ring.counters, Counter.waiting, 0) === 1) say(MADE);
    }
    draws.prepare(shuffle && { ...shuffle, epoch: shuffle.epoch + 1 });
  };
}

function waitForSlot({ counters, slots }: Ring, made: number): void {
  for (;;) {
    const free = Atomics.load(counters, Counter.free);
    if (made - free < slots) return;
    Atomics.wait(counters, Counter.free, free);
  }
}

/** What a pass draws takes milliseconds, which at the start of an epoch somebody waits for: so it is done at the end of the one before. */
function drawsAhead(maker: BatchMaker): { of(shuffle: Shuffle | undefined): Draws; prepare(shuffle: Shuffle | undefined): void } {
  const keyOf = (shuffle: Shuffle | undefined) => JSON.stringify([shuffle?.seed, shuffle?.epoch]);
  let ahead: { readonly key: string; readonly draws: Draws } | undefined;
  return {
    of: (shuffle) => (ahead?.key === keyOf(shuffle) ? ahead.draws : maker.draw(shuffle)),
    prepare(shuffle) {
      ahead = { key: keyOf(shuffle), draws: maker.draw(shuffle) };
    },
  };
}

const port = parentPort;
if (port)
  port.on(
    'message',
    work(workerData as Recipe, (message) => port.postMessage(message)),
  );
