import { execFile } from 'node:child_process';
import { channel } from 'node:diagnostics_channel';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { type Batch, type PassOptions, rng, type Source } from '@freetickets/sparse-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cropFlip, type Dataset, type Samples } from './dataset.ts';
import { type PrefetchedSource, type PrefetchOptions, prefetch } from './prefetch.node.ts';
import { sourceOf } from './source.ts';

const SIZE = 103;
const stream = rng(2).stream('pictures');
const samples: Samples = {
  size: SIZE,
  images: Uint8Array.from({ length: SIZE * 2 * 11 * 10 }, () => stream.below(256)),
  labels: Int32Array.from({ length: SIZE }, (_, i) => i % 7),
};
const dataset: Pick<Dataset, 'classes' | 'shape' | 'normalization' | 'augmentation'> = {
  classes: ['a', 'b', 'c', 'd', 'e', 'f', 'g'],
  shape: [2, 11, 10],
  normalization: { mean: [0.25, 0.5], std: [0.5, 0.125] },
  augmentation: cropFlip({ pad: 3 }),
};
const direct = sourceOf(samples, { dataset });
const shuffle = { seed: 5, epoch: 3 };

/** Every worker thread that was started in the test, whoever did it. */
let workers: Worker[] = [];
const open: PrefetchedSource[] = [];
const started = (message: unknown) => void workers.push((message as { worker: Worker }).worker);
const alive = () => workers.filter((worker) => worker.threadId !== -1).length;
beforeEach(() => {
  workers = [];
  channel('worker_threads').subscribe(started);
});
afterEach(async () => {
  channel('worker_threads').unsubscribe(started);
  await Promise.all(open.splice(0).map((source) => source[Symbol.asyncDispose]()));
  expect(alive()).toBe(0);
});

/** Closed at the end of the test. A notice fails the test unless it is asked for. */
function prefetched(options: PrefetchOptions = {}, source: Source = direct): PrefetchedSource {
  const fail = (sentence: string) => {
    throw new Error(sentence);
  };
  const wrapped = prefetch(source, { onNotice: fail, ...options });
  open.push(wrapped);
  return wrapped;
}

const copyOf = ({ size, images, labels }: Batch): Batch => ({ size, images: Float32Array.from(images), labels: Int32Array.from(labels) });

/** All batches of a pass, copied as they come. */
async function batchesOf(source: Source, options: PassOptions): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of source.batches(options)) batches.push(copyOf(batch));
  return batches;
}

const iteratorOf = (source: Source, options: PassOptions) => (source.batches(options) as AsyncIterable<Batch>)[Symbol.asyncIterator]();

describe('prefetch gives the same bits as the source it wraps', () => {
  const passes: readonly PassOptions[] = [
    { batchSize: 10, shuffle },
    { batchSize: 10 },
    { batchSize: 10, shuffle, from: 4 },
    { batchSize: 10, shuffle, from: 10 },
    { batchSize: 10, shuffle, from: 11 },
    { batchSize: 1, shuffle },
    { batchSize: 103, shuffle },
    { batchSize: 500, shuffle },
  ];
  for (const count of [0, 1, 3]) {
    it.each(passes)(`with ${count} workers in the pass %j`, async (options) => {
      expect(await batchesOf(prefetched({ workers: count }), options)).toEqual([...direct.batches(options)]);
    });
  }

  it('in one pass after the other, of any epoch, seed and batch size, by the same worker', async () => {
    const source = prefetched({ ahead: 2 });
    const epochs = [3, 4, 5, 3].map((epoch) => ({ batchSize: 10, shuffle: { seed: 5, epoch } }));
    for (const options of [...epochs, { batchSize: 10, shuffle: { seed: 6, epoch: 4 } }, { batchSize: 40, shuffle }, { batchSize: 7 }])
      expect(await batchesOf(source, options)).toEqual([...direct.batches(options)]);
    expect(workers.length).toBe(1);
  });

  it('in two passes at once, each batch staying as it is until the next of its own pass', async () => {
    const source = prefetched();
    const [one, two] = [iteratorOf(source, { batchSize: 10, shuffle }), iteratorOf(source, { batchSize: 30 })];
    const [expectedOne, expectedTwo] = [[...direct.batches({ batchSize: 10, shuffle })], [...direct.batches({ batchSize: 30 })]];
    for (const [turn, expected] of expectedTwo.entries()) {
      const { value: held } = (await two.next()) as IteratorYieldResult<Batch>;
      for (const batch of expectedOne.slice(2 * turn, 2 * turn + 2)) expect((await one.next()).value).toEqual(batch);
      expect(held).toEqual(expected);
    }
    await Promise.all([one.return?.(), two.return?.()]);
  });

  it('when a batch is held for longer than the worker needs to fill the ring', async () => {
    const source = prefetched({ ahead: 2 });
    const pass = iteratorOf(source, { batchSize: 10, shuffle });
    const { value: held } = (await pass.next()) as IteratorYieldResult<Batch>;
    await batchesOf(source, { batchSize: 10 }); // a whole pass of another worker meanwhile
    expect(held).toEqual([...direct.batches({ batchSize: 10, shuffle })][0]);
    await pass.return?.();
  });
});

describe('a prefetched source', () => {
  it('says what the wrapped one holds', () => {
    const { size, classes, shape } = prefetched();
    expect({ size, classes, shape }).toEqual({ size: SIZE, classes: dataset.classes, shape: dataset.shape });
  });

  it('starts no worker before the first pass, and ends all when it is closed', async () => {
    const source = prefetched({ workers: 2 });
    expect(workers.length).toBe(0);
    await batchesOf(source, { batchSize: 10 });
    expect([workers.length, alive()]).toEqual([2, 2]);
    await source[Symbol.asyncDispose]();
    expect(alive()).toBe(0);
    expect(() => source.batches({ batchSize: 10 })).toThrow('prefetched source: expected an open source, received "one that was closed"');
  });

  it('ends the workers of a pass that is left early, and goes on with new ones', async () => {
    const source = prefetched({ workers: 2 });
    for await (const { size } of source.batches({ batchSize: 10, shuffle })) if (size === 10) break;
    expect([workers.length, alive()]).toEqual([2, 0]);
    const failing = async () => {
      for await (const { size } of source.batches({ batchSize: 10, shuffle })) throw new Error(`a step on ${size} samples failed`);
    };
    await expect(failing()).rejects.toThrow('a step on 10 samples failed');
    expect([workers.length, alive()]).toEqual([4, 0]);
    expect(await batchesOf(source, { batchSize: 10, shuffle })).toEqual([...direct.batches({ batchSize: 10, shuffle })]);
  });

  it('that is closed in the middle of a pass ends the pass with an error', async () => {
    const source = prefetched();
    const pass = iteratorOf(source, { batchSize: 10 });
    await pass.next();
    await source[Symbol.asyncDispose]();
    await expect(pass.next()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', at: 'prefetched source' });
  });

  it.each([
    [{ batchSize: 0 }, 'batchSize'],
    [{ batchSize: 2, from: -1 }, 'from'],
    [{ batchSize: 2, shuffle: { seed: 1, epoch: 0.5 } }, 'shuffle.epoch'],
  ])('refuses the pass %j at once, as the wrapped one does', (options, at) => {
    for (const source of [direct, prefetched()]) expect(() => source.batches(options)).toThrow(`${at}: expected a whole number`);
    expect(workers.length).toBe(0);
  });

  it.each<[PrefetchOptions, string]>([
    [{ workers: -1 }, 'workers: expected a whole number from 0 to 64, received -1'],
    [{ workers: 65 }, 'workers: expected a whole number from 0 to 64, received 65'],
    [{ ahead: 1 }, 'ahead: expected a whole number from 2 to 64, received 1'],
  ])('refuses the options %j', (options, message) => {
    expect(() => prefetch(direct, options)).toThrow(message);
  });

  it('of a source of somebody else is that source', async () => {
    const batches = [{ size: 1, images: Float32Array.of(1), labels: Int32Array.of(0) }];
    const own: Source = { size: 1, classes: ['a'], shape: [1], batches: () => batches };
    const source = prefetched({}, own);
    expect([source.size, source.classes, source.shape]).toEqual([1, ['a'], [1]]);
    expect(source.batches({ batchSize: 1 })).toBe(batches);
    expect(workers.length).toBe(0);
  });
});

describe('when a worker fails', () => {
  it('in the middle of a pass, the pass goes on with the same bits, and one notice says so', async () => {
    const notices: string[] = [];
    const source = prefetched({ workers: 2, ahead: 2, onNotice: (sentence) => notices.push(sentence) });
    const options = { batchSize: 10, shuffle };
    const batches: Batch[] = [];
    for await (const batch of source.batches(options)) {
      batches.push(copyOf(batch));
      if (batches.length === 3) await workers[1]!.terminate();
    }
    expect(batches).toEqual([...direct.batches(options)]);
    expect(await batchesOf(source, options)).toEqual(batches);
    expect(notices).toEqual([
      'A worker that loads data could not be used (it ended with exit code 1); batches are made in the training thread',
    ]);
    expect(workers.length).toBe(2);
  });

  it('because of what it was given, the error is the one that the wrapped source throws', async () => {
    const options = { batchSize: 10, shuffle: { seed: 5n as unknown as number, epoch: 3 } };
    const errorOf = async (source: Source) => batchesOf(source, options).catch((error: unknown) => error);
    const notices: string[] = [];
    const error = await errorOf(prefetched({ onNotice: (sentence) => notices.push(sentence) }));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toEqual(await errorOf(direct));
    expect(notices).toHaveLength(1);
    expect(alive()).toBe(0);
  });
});

describe('a process that does not close its source', () => {
  const index = new URL('../dist/index.js', import.meta.url).href;
  const program = (body: string) => `
    import { generated, prefetch, sourceOf } from ${JSON.stringify(index)};
    const set = generated({ train: 300, test: 10, size: 8 });
    const source = prefetch(sourceOf(set.train, { dataset: set }));
    const pass = source.batches({ batchSize: 10, shuffle: { seed: 1, epoch: 1 } });
    let seen = 0;
    ${body}
    console.log(seen);`;

  it.each([
    ['after a whole pass', 'for await (const { size } of pass) seen += size;', '300\n'],
    ['after leaving a pass', 'for await (const { size } of pass) { seen += size; break; }', '10\n'],
    ['in the middle of a pass', 'seen = (await pass[Symbol.asyncIterator]().next()).value.size;', '10\n'],
    ['by process.exit', 'for await (const { size } of pass) { console.log("bye"); process.exit(); }', 'bye\n'],
  ])('ends on its own: %s', async (_when, body, output) => {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', program(body)]);
    expect([stdout, stderr]).toEqual([output, '']);
  });
});
