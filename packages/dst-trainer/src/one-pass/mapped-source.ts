import { type Batch, type PassOptions, type Source, SparseError } from '@freetickets/sparse-core';

/** Which batch is mapped: the options of its pass, and its index in the pass from 0. */
export interface BatchPlace {
  readonly shuffle: PassOptions['shuffle'];
  readonly index: number;
}

/**
 * A source of batches in which every image of another source takes `rows` rows. A batch is made of `batchSize / rows` images, so that it has the
 * size that was asked for; only the last may be smaller. Batches have arrays of their own.
 * @param make a batch of the source, as it becomes `rows` times as many rows
 */
export function mappedSource(
  source: Source,
  { rows, shape = source.shape }: { readonly rows: number; readonly shape?: readonly number[] },
  make: (batch: Batch, place: BatchPlace) => Batch,
): Source {
  return {
    size: source.size * rows,
    classes: source.classes,
    shape,
    async *batches({ batchSize, shuffle, from = 0 }) {
      if (batchSize % rows !== 0)
        throw new SparseError('INVALID_ARGUMENT', 'batchSize', `a multiple of ${rows}, the rows that an image takes`, batchSize);
      let index = from;
      for await (const batch of source.batches({ batchSize: batchSize / rows, from, ...(shuffle && { shuffle }) }))
        yield make(batch, { shuffle, index: index++ });
    },
  };
}

/** Each of `items`, which have `length` numbers, `times` times in a row. */
export function repeatEach<Numbers extends Float32Array | Int32Array>(numbers: Numbers, times: number, length = 1): Numbers {
  const repeated = numbers instanceof Float32Array ? new Float32Array(numbers.length * times) : new Int32Array(numbers.length * times);
  for (let row = 0; row * length < repeated.length; row++) {
    const from = Math.floor(row / times) * length;
    repeated.set(numbers.subarray(from, from + length), row * length);
  }
  return repeated as Numbers;
}
